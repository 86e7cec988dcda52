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
    for (const line of text.split('\n')) {
      if (line === '') continue;
      let value;
      // The last line of a scan that was interrupted may be cut.
      try { value = JSON.parse(line); } catch { break; }
      if (value.report) this.about = value;
      else if (value.end) this.end = value.end;
      else this.add(value);
    }
  }

  add(recording) {
    this.recordings.push(recording);
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
