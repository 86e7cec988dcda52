/** The analyst's own verdicts and notes, kept in the browser by the hash of the recording, so that they hold in every page that has it. */
class Decisions {
  constructor(report) {
    this.report = report;
    this.isKept = true;
    /** What is kept, read once: of ten thousand parties few are decided. */
    this.held = new Map();
    try {
      for (const key of Object.keys(localStorage).filter((name) => name.startsWith(Decisions.prefix)))
        this.held.set(key, localStorage.getItem(key));
    } catch {
      this.isKept = false;
    }
  }

  static prefix = 'bonafide.verdict ';

  static key(party) {
    return `${Decisions.prefix}${party.recording.sha256 ?? party.recording.path} ${party.channel.channel}`;
  }

  /** What is decided of a party: a label (spoof, bonafide, unsure; none yet is empty) and a note. */
  of(party) {
    const text = this.held.get(Decisions.key(party));
    if (text === undefined) return { label: '', note: '' };
    try {
      const { label, note } = JSON.parse(text);
      return { label: typeof label === 'string' ? label : '', note: typeof note === 'string' ? note : '' };
    } catch {
      return { label: '', note: '' };
    }
  }

  set(party, decision) {
    const [key, text] = [Decisions.key(party), JSON.stringify(decision)];
    const isEmpty = !decision.label && !decision.note;
    if (isEmpty) this.held.delete(key);
    else this.held.set(key, text);
    try {
      if (isEmpty) localStorage.removeItem(key);
      else localStorage.setItem(key, text);
    } catch {
      // Not allowed, or full.
      this.isKept = false;
    }
  }

  /** All that was decided, in the order of the page's data. */
  get all() {
    if (this.held.size === 0) return [];
    return this.report.parties.map((party) => [party, this.of(party)]).filter(([, decision]) => decision.label || decision.note)
      .map(([party, { label, note }]) => ({
        path: party.recording.path, channel: party.channel.channel, label: label === 'unsure' ? '' : label,
        verdict: verdictOn(party, label), note,
      }));
  }

  /** A table with a row for each, as RFC 4180 has it. */
  get csv() {
    const quoted = (value) => (/[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
    const rows = this.all.map((row) => ['path', 'channel', 'label', 'verdict', 'note'].map((column) => quoted(row[column])).join(','));
    return ['path,channel,label,verdict,note', ...rows, ''].join('\n');
  }

  get json() {
    return `${JSON.stringify({ schema: 'bonafide.verdicts/1', verdicts: this.all }, null, 1)}\n`;
  }
}

/** What a label says of the tool's verdict. */
function verdictOn(party, label) {
  if (label === '' || label === 'unsure') return label;
  const own = { synthetic: 'spoof', bonafide: 'bonafide' }[party.channel.verdict];
  return own === undefined ? 'decided' : own === label ? 'confirmed' : 'rejected';
}

/** Buttons to decide on a party, and a note. */
function decisionForm(party, decisions, onChange) {
  const form = element('fieldset', { class: 'decision' }, element('legend', {}, texts.yours));
  const own = { synthetic: 'spoof', bonafide: 'bonafide' }[party.channel.verdict];
  const title = (label) => {
    const words = texts.labels[label];
    if (label === 'unsure') return words;
    return own === undefined ? words : own === label ? texts.confirm(words) : texts.reject(words);
  };
  const note = element('textarea', {
    rows: 1, 'aria-label': texts.noteOn(party.who), placeholder: texts.note, onchange: () => change({ note: note.value }),
  });
  note.value = decisions.of(party).note;
  const order = own === 'bonafide' ? ['bonafide', 'spoof', 'unsure'] : ['spoof', 'bonafide', 'unsure'];
  const buttons = order.map((label) => element('button', {
    type: 'button', class: label, onclick: () => change({ label: decisions.of(party).label === label ? '' : label }),
  }, title(label)));
  const change = (part) => {
    decisions.set(party, { ...decisions.of(party), ...part });
    mark();
    onChange();
  };
  const mark = () => {
    const { label } = decisions.of(party);
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(order[i] === label)));
  };
  mark();
  form.append(...buttons, note);
  return form;
}

/** Gives the reader a file. */
function save(fileName, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element('a', { href: url, download: fileName }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
