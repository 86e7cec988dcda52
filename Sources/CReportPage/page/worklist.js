/** By what the list is sorted: values that are compared, the least first. */
const sortings = {
  verdict: (party) => [party.rank, party.channel.evidence_llr ?? Infinity],
  evidence: (party) => [party.channel.evidence_llr ?? Infinity],
  who: (party) => [party.who],
  file: (party) => [party.recording.path],
  length: (party) => [-(party.recording.duration_s ?? 0)],
  speech: (party) => [-party.channel.speech_s],
  flagged: (party) => [-party.channel.flagged_s],
  yours: (party, decisions) => [{ spoof: 0, bonafide: 1, unsure: 2 }[decisions.of(party).label] ?? 3],
};

/** The list of all parties. Rows are made for what is on the screen alone. */
class Worklist {
  constructor(report, decisions) {
    this.report = report;
    this.decisions = decisions;
    this.verdict = null;
    this.isUndecided = false;
    this.words = [];
    this.sorting = 'verdict';
    this.descends = false;
    /** Parties that are shown, in order; the selected one's place. */
    this.shown = report.parties;
    this.selected = 0;
    this.rows = new Map();
    this.build();
    this.update();
    const draw = () => { this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); }); };
    addEventListener('scroll', draw, { passive: true });
    addEventListener('resize', draw);
  }

  build() {
    this.counts = element('div', { class: 'counts', role: 'group', 'aria-label': texts.filters });
    this.search = element('input', {
      type: 'search', placeholder: texts.search, 'aria-label': texts.search, autocomplete: 'off', spellcheck: 'false',
      oninput: () => { this.words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean); this.update(); },
    });
    this.order = element('select', { onchange: () => this.sort(this.order.value, false) },
      Object.keys(sortings).map((key) => element('option', { value: key }, key === 'verdict' ? texts.mostSuspicious : texts.columns[key])));
    this.status = element('p', { class: 'status', role: 'status' });
    this.undecided = element('input', { type: 'checkbox', onchange: () => { this.isUndecided = this.undecided.checked; this.update(); } });
    this.exports = element('div', { class: 'exports', hidden: true });
    this.body = element('div', { class: 'rows', role: 'rowgroup' });
    this.heads = Object.keys(texts.columns).map((key) => this.head(key));
    this.table = element('div', { class: 'list', role: 'table', 'aria-label': texts.list },
      element('div', { role: 'rowgroup' }, element('div', { role: 'row', class: 'row heads', 'aria-rowindex': 1 }, this.heads)), this.body);
    this.root = element('section', { class: 'worklist' },
      this.counts, this.problems(),
      element('div', { class: 'tools' }, this.search, element('label', {}, texts.sortBy, ' ', this.order),
        element('label', {}, this.undecided, ' ', texts.withoutYours), this.status),
      this.table, this.exports, element('p', { class: 'hint' }, texts.keys));
  }

  head(key) {
    const title = texts.columns[key];
    return element('div', { role: 'columnheader', class: key },
      sortings[key]
        ? element('button', { type: 'button', onclick: () => this.sort(key, this.sorting === key && !this.descends) }, title) : title);
  }

  problems() {
    const { problems } = this.report;
    if (problems.length === 0) return undefined;
    const failed = problems.filter((recording) => recording.error !== null).length;
    const items = problems.map((recording) => element('li', {}, named(recording.path), ' ',
      element('span', {}, printable(recording.error === null ? texts.notHeard(recording.unheard_s) : texts.notScreened(recording.error)))));
    return element('details', { class: 'problems', open: true },
      element('summary', {}, texts.problems(failed, problems.length - failed)),
      element('ul', { tabindex: 0, 'aria-label': texts.problems(failed, problems.length - failed) }, items));
  }

  sort(key, descends) {
    this.sorting = key;
    this.descends = descends;
    this.update();
  }

  /** Finds anew which parties are shown, and in which order. */
  update() {
    const found = this.words.length === 0 ? this.report.parties
      : this.report.parties.filter((party) => this.words.every((word) => party.searched.includes(word)));
    this.count(found);
    const shown = found.filter((party) => (this.verdict === null || party.channel.verdict === this.verdict)
      && !(this.isUndecided && this.decisions.of(party).label));
    const values = new Map(shown.map((party) =>
      [party, [...sortings[this.sorting](party, this.decisions), party.recording.path, party.channel.channel]]));
    const sign = this.descends ? -1 : 1;
    this.shown = [...shown].sort((a, b) => {
      const [left, right] = [values.get(a), values.get(b)];
      for (let i = 0; i < left.length; i += 1) {
        if (left[i] < right[i]) return -sign;
        if (left[i] > right[i]) return sign;
      }
      return 0;
    });
    this.selected = 0;
    for (const head of this.heads) {
      const isSorted = head.classList.contains(this.sorting);
      if (isSorted) head.setAttribute('aria-sort', this.descends ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    this.order.value = this.sorting;
    this.status.textContent = this.shown.length ? texts.shown(this.shown.length, this.report.parties.length) : texts.nothingShown;
    this.table.setAttribute('aria-rowcount', this.shown.length + 1);
    this.renew();
  }

  /** Makes the rows on the screen anew, with what was decided since. */
  renew() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    const count = this.decisions.all.length;
    this.exports.hidden = count === 0;
    const stem = texts.title.toLowerCase().replaceAll(' ', '-');
    this.exports.replaceChildren(texts.export(count), ' ',
      element('button', { type: 'button', onclick: () => save(`${stem}.csv`, 'text/csv', this.decisions.csv) }, texts.exportCSV), ' ',
      element('button', { type: 'button', onclick: () => save(`${stem}.json`, 'application/json', this.decisions.json) }, texts.exportJSON),
      this.decisions.isKept ? '' : element('p', { class: 'warning' }, texts.notKept));
    this.draw();
  }

  /** How many parties of those found have which verdict; each count is a filter. */
  count(found) {
    const counts = { synthetic: 0, inconclusive: 0, bonafide: 0 };
    for (const party of found) counts[party.channel.verdict] += 1;
    const button = (verdict, title, n) => element('button', {
      type: 'button', class: verdict ?? 'all', 'aria-pressed': String(this.verdict === verdict),
      onclick: () => { this.verdict = verdict; this.update(); this.counts.querySelector('[aria-pressed=true]').focus(); },
    }, element('b', {}, number(n)), ' ', element('span', {}, title), ' ', element('small', {}, verdict ? share(n, found.length) : ''));
    this.counts.replaceChildren(button(null, texts.all, found.length),
      ...Object.keys(counts).map((verdict) => button(verdict, texts.verdicts[verdict], counts[verdict])));
  }

  /** Makes the rows that are on the screen, and removes the others. */
  draw() {
    if (!this.root.isConnected || this.root.hidden) return;
    const height = parseFloat(getComputedStyle(this.body).getPropertyValue('--row'));
    if (height !== this.height) {
      for (const row of this.rows.values()) row.remove();
      this.rows.clear();
      this.height = height;
    }
    this.body.style.height = `${height * this.shown.length}px`;
    const top = this.body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - 10);
    const end = Math.min(this.shown.length, Math.ceil((innerHeight - top) / height) + 10);
    for (const [place, row] of this.rows) {
      if (place < first || place >= end) {
        row.remove();
        this.rows.delete(place);
      }
    }
    for (let place = first; place < end; place += 1) {
      if (!this.rows.has(place)) this.insert(place);
    }
  }

  insert(place) {
    const row = this.row(this.shown[place], place);
    row.style.top = `${place * this.height}px`;
    this.rows.set(place, row);
    // In order, since that is the order of the Tab key.
    let next = place + 1;
    while (next < place + 200 && !this.rows.has(next)) next += 1;
    this.body.insertBefore(row, this.rows.get(next) ?? null);
    if (row.drawing) row.drawing();
  }

  row(party, place) {
    const { recording, channel } = party;
    const cell = (key, ...children) => element('div', { role: 'cell', class: key }, ...children);
    const yours = this.decisions.of(party).label;
    const stretches = channel.segments.map((segment) => span(segment.start_s, segment.end_s));
    const canvas = element('canvas', {
      role: 'img', 'aria-label': channel.same_as ? texts.sameAs(channel.same_as) : texts.sparkline(stretches),
    });
    const row = element('div', {
      role: 'row', class: `row ${channel.verdict}`, 'aria-rowindex': place + 2,
      'aria-current': place === this.selected ? 'true' : undefined,
      onclick: () => { this.select(place, false); location.hash = `#/${party.index}`; },
    },
    cell('verdict', badge(channel.verdict)),
    cell('evidence', element('span', {}, party.evidence), ' ', element('span', { class: 'llr' }, llrText(channel.evidence_llr))),
    cell('who', named(party.who)),
    cell('file', element('a', { href: `#/${party.index}`, title: printable(recording.path), onfocus: () => this.select(place, false) },
      named(baseName(recording.path)), element('small', {}, ' ', named(folderName(recording.path))))),
    cell('length', recording.duration_s === null ? '–' : clock(recording.duration_s)),
    cell('speech', clock(channel.speech_s)),
    cell('flagged', channel.flagged_s > 0 ? clock(Math.max(1, channel.flagged_s)) : '–'),
    cell('call', canvas),
    cell('yours', yours ? element('span', { class: yours },
      element('span', { 'aria-hidden': 'true' }, texts.signsOfYours[yours]), ` ${texts.labels[yours]}`) : ''));
    row.drawing = () => drawSparkline(canvas, party);
    return row;
  }

  /** Makes the party at a place the selected one. */
  select(place, focuses) {
    if (place < 0 || place >= this.shown.length) return;
    this.rows.get(this.selected)?.removeAttribute('aria-current');
    this.selected = place;
    if (focuses) {
      const top = this.body.getBoundingClientRect().top + place * this.height;
      const heads = 48;
      if (top < heads) scrollBy(0, top - heads);
      else if (top + this.height > innerHeight) scrollBy(0, top + this.height - innerHeight);
      this.draw();
      this.rows.get(place)?.querySelector('a').focus({ preventScroll: true });
    }
    this.rows.get(place)?.setAttribute('aria-current', 'true');
  }

  /** Acts on a key; whether it was one of the list's. */
  press(key) {
    if (key === 'j') {
      const step = this.root.contains(document.activeElement) || this.selected ? 1 : 0;
      this.select(Math.min(this.selected + step, this.shown.length - 1), true);
    } else if (key === 'k') this.select(Math.max(0, this.selected - 1), true);
    else if (key === '/') this.search.focus();
    else return false;
    return true;
  }
}
