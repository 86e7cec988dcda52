/** The view of a call: its parties drawn along time, what is flagged, why, and how sure that is. */
class CallView {
  constructor(report, decisions, onDecision) {
    this.report = report;
    this.decisions = decisions;
    this.onDecision = onDecision;
    this.pictures = [];
    this.player = new Player((seconds) => {
      if (!this.player.audio?.paused) this.follow(seconds);
      for (const picture of this.pictures) picture.show(seconds);
    });
    this.body = element('div', {});
    this.root = element('article', { class: 'view', hidden: true }, this.body, this.player.root);
    addEventListener('resize', () => { this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); }); });
  }

  /** Shows the call of a party. */
  show(party) {
    const { recording } = party;
    this.party = party;
    this.pictures = [];
    if (this.zoom?.recording !== recording) this.zoom = { recording, from: 0, to: recording.duration_s || 1 };
    this.title = element('h2', { tabindex: -1 }, named(baseName(recording.path)));
    this.body.replaceChildren(
      element('p', { class: 'screen' }, element('a', { href: '#', class: 'back' }, `← ${texts.back}`)), this.title, this.facts(recording),
      ...recording.parties.map((other) => this.section(other)), caseFile(this.report, recording, party));
    this.player.load(recording);
    this.draw();
  }

  draw() {
    if (this.root.hidden) return;
    for (const picture of this.pictures) picture.draw();
  }

  hide() { this.player.stop(); }

  /** Shows more or less of the call at once, where `seconds` stays where it is: 2 is twice as long. At least ten seconds are seen. */
  scale(factor, seconds) {
    const { from, to, recording } = this.zoom;
    const length = recording.duration_s || 1;
    const wanted = Math.min(length, Math.max(Math.min(10, length), (to - from) * factor));
    const share = Math.min(Math.max((seconds - from) / (to - from), 0), 1);
    this.look(seconds - share * wanted, wanted);
  }

  /** Shows so many seconds from a time on, or as near as there are. */
  look(from, wanted) {
    const { recording } = this.zoom;
    this.zoom.from = Math.min(Math.max(0, from), (recording.duration_s || 1) - wanted);
    this.zoom.to = this.zoom.from + wanted;
    this.draw();
  }

  /** Moves on where what is played is no longer seen. */
  follow(seconds) {
    const { from, to } = this.zoom;
    if (seconds < from || seconds > to) this.look(seconds - 0.1 * (to - from), to - from);
  }

  /** With Ctrl the wheel changes how much is seen, as elsewhere; sideways, or with Shift, what. */
  turn(event, pictures) {
    const { from, to } = this.zoom;
    const box = pictures.canvas.getBoundingClientRect();
    const sideways = event.deltaX || (event.shiftKey ? event.deltaY : 0);
    if (event.ctrlKey) this.scale(event.deltaY > 0 ? 1.25 : 0.8, pictures.at((event.clientX - box.left) / box.width));
    else if (sideways && to - from < (this.zoom.recording.duration_s || 1)) {
      this.look(from + Math.sign(sideways) * 0.1 * (to - from), to - from);
    } else return;
    event.preventDefault();
  }

  facts(recording) {
    const format = [recording.format, recording.sample_rate_hz && texts.rate(recording.sample_rate_hz)].filter(Boolean).join(', ');
    const facts = [
      [texts.recording, named(recording.path)], [texts.format, format], [texts.length, clock(recording.duration_s ?? 0)],
      ...recording.warnings.map((warning) => [texts.note, printable(warning)]),
    ];
    if (recording.unheard_s > 0) facts.push([texts.note, texts.notHeard(recording.unheard_s)]);
    return element('dl', { class: 'facts' }, facts.map(([term, value]) =>
      element('div', {}, element('dt', {}, term), element('dd', {}, value))));
  }

  section(party) {
    const { channel } = party;
    const words = [party.evidence, channel.same_as && texts.sameAs(channel.same_as)].filter(Boolean).join(', ');
    const section = element('section', { class: `party ${channel.verdict}`, 'aria-current': party === this.party ? 'true' : undefined },
      element('h3', {}, named(party.who), ' ', badge(channel.verdict), ' ',
        element('span', { class: 'words' }, `${words}, ${texts.llr} ${llrText(channel.evidence_llr)}`)));
    const { trace } = party;
    section.append(element('p', { class: 'why' }, this.why(party, trace)));
    if (trace) {
      const pictures = new Pictures(party, this.zoom, (seconds) => this.player.playFrom(seconds, party));
      pictures.root.addEventListener('wheel', (event) => this.turn(event, pictures), { passive: false });
      this.pictures.push(pictures);
      section.append(pictures.root, legend(trace, channel.segments.length > 0));
    }
    section.append(...[this.stretches(party), decisionForm(party, this.decisions, this.onDecision)].filter(Boolean));
    return section;
  }

  why(party, trace) {
    const { channel, recording } = party;
    return texts.why({
      who: printable(party.who), verdict: channel.verdict, reason: channel.reason, llr: channel.llr, speech: channel.speech_s,
      beyond: trace?.beyond_s ?? 0, lowestAt: trace?.lowest_at_s ?? 0, points: this.report.about.points?.[channel.model],
      stretches: channel.segments.length, flagged: channel.flagged_s ?? 0, unheard: recording.unheard_s ?? 0,
    });
  }

  stretches(party) {
    const { segments } = party.channel;
    if (segments.length === 0) return undefined;
    const heads = [texts.from, texts.to, texts.llr, texts.strength].map((title) => element('th', { scope: 'col' }, title));
    const rows = segments.map((segment) => {
      const title = span(segment.start_s, segment.end_s);
      return element('tr', {},
        element('td', {}, element('button', {
          type: 'button', class: 'stretch', 'aria-label': texts.playStretch(title),
          onclick: () => this.player.playFrom(segment.start_s, party),
        }, '▶ ', clock(Math.floor(segment.start_s)))),
        element('td', {}, clock(segment.end_s)), element('td', {}, llrText(segment.llr)),
        element('td', {}, texts.strengths[strengthOf(-segment.llr)]));
    });
    return element('table', { class: 'stretches' }, element('caption', {}, texts.stretches),
      element('thead', {}, element('tr', {}, heads)), element('tbody', {}, rows));
  }

  /** Starts of all flagged stretches, in order. */
  get starts() {
    const all = this.party.recording.parties.flatMap((party) => party.channel.segments.map((segment) => ({ at: segment.start_s, party })));
    return all.sort((a, b) => a.at - b.at);
  }

  /** Plays the strongest stretch of the party, or from the start. */
  playStrongest() {
    const { segments } = this.party.channel;
    const strongest = [...segments].sort((a, b) => a.llr - b.llr)[0];
    this.player.playFrom(strongest?.start_s ?? 0, this.party);
  }

  /** Around what it is zoomed by keys: what is played, where it is seen, or the middle. */
  get middle() {
    const [{ from, to }, { now }] = [this.zoom, this.player];
    return now > from && now < to ? now : (from + to) / 2;
  }

  /** Acts on a key; whether it was one of the view's. */
  press(key) {
    const { player } = this;
    if (key === ' ') player.toggle();
    else if (key === 'ArrowRight') player.seek(Math.min(player.now + 5, player.recording.duration_s));
    else if (key === 'ArrowLeft') player.seek(Math.max(0, player.now - 5));
    else if (key === '+' || key === '=') this.scale(0.5, this.middle);
    else if (key === '-') this.scale(2, this.middle);
    else if (key === '0') this.look(0, player.recording.duration_s || 1);
    else if (key === 'n' || key === 'p') {
      const { starts } = this;
      const next = key === 'n' ? starts.find(({ at }) => at > player.now + 0.2) : starts.filter(({ at }) => at < player.now - 1).at(-1);
      if (next) player.playFrom(next.at, next.party);
    } else return false;
    return true;
  }
}

/** Strength of a log-likelihood ratio by the ENFSI guideline, as docs/verdicts.md has it. */
function strengthOf(llr) {
  const ratios = { extremely_strong: 1e6, very_strong: 1e4, strong: 1000, moderately_strong: 100, moderate: 10, weak: 2 };
  return Object.keys(ratios).find((strength) => llr >= Math.log(ratios[strength])) ?? 'none';
}

/** What the drawings show, in words and signs; of echo and gaps, where there are any. */
function legend(trace, hasFlags) {
  const has = (text) => /[^A]/.test(text);
  const kinds = ['speech', has(trace.echo) && 'echo', has(trace.missing) && 'missing', hasFlags && 'flagged'].filter(Boolean);
  return element('p', { class: 'legend' }, kinds.map((kind) => element('span', { class: kind }, texts.legend[kind])), texts.evidenceNote);
}
