/** Order of verdicts by suspicion. */
const suspicion = { synthetic: 0, inconclusive: 1, bonafide: 2 };

/** A party of a recording, as the list and a call's view show it. */
class Party {
  constructor(recording, channel, index) {
    this.recording = recording;
    this.channel = channel;
    /** Place in the page's data, by which addresses name it. */
    this.index = index;
    this.who = channel.name ?? texts.channel(channel.channel);
    this.rank = channel.reason === 'no_speech' ? 3 : suspicion[channel.verdict];
  }

  /** What was heard of it along time; undefined where there are no drawings. */
  get trace() {
    return linesOf(this.recording, 'traces')?.[(this.channel.same_as ?? this.channel.channel) - 1] ?? undefined;
  }

  /** What it is searched by. */
  get searched() {
    this.words ??= `${this.recording.path}\n${this.who}`.toLowerCase();
    return this.words;
  }

  /** Evidence in words: of an inconclusive party, the reason. */
  get evidence() {
    const { verdict, reason, strength } = this.channel;
    return verdict === 'inconclusive' ? texts.reasons[reason] ?? reason : texts.strengths[strength] ?? '–';
  }
}

/** The recordings of the page. Its data are lines of JSON: first what screened them, then one for each recording, and last how many. */
class Report {
  constructor(text) {
    this.recordings = [];
    this.parties = [];
    this.about = { engine: {} };
    /** The last line; undefined where the scan was interrupted. */
    this.end = undefined;
    const lines = text.split('\n');
    // What is behind the last line end was cut.
    lines.pop();
    for (const line of lines) {
      if (line === '') continue;
      // Lines that a call's view takes are read when it is opened.
      const kind = /^\{"(traces|clips)"/.exec(line)?.[1];
      if (kind) {
        const recording = this.recordings.at(-1);
        if (recording) recording.lines[kind] = line;
        continue;
      }
      let value;
      try { value = JSON.parse(line); } catch { break; }
      if (value.report) this.about = value;
      else if (value.end) this.end = value.end;
      else this.add(value);
    }
  }

  add(recording) {
    this.recordings.push(recording);
    recording.lines = {};
    recording.parties = recording.channels.map((channel) => {
      const party = new Party(recording, channel, this.parties.length);
      this.parties.push(party);
      return party;
    });
  }

  /** Recordings of which something was not heard. */
  get problems() {
    return this.recordings.filter((recording) => recording.error !== null || recording.unheard_s > 0);
  }
}

/** What a path is called: its last part. */
function baseName(path) {
  return path === '-' ? texts.standardInput : path.split('/').filter(Boolean).at(-1) ?? path;
}

/** The folder of a path, with its slash. */
function folderName(path) {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** What a line beside a recording holds: `traces` or `clips`. */
function linesOf(recording, kind) {
  const line = recording.lines[kind];
  return line === undefined ? undefined : JSON.parse(line)[kind];
}
