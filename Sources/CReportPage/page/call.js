/** The view of a call: its parties, and what is flagged in them. */
class CallView {
  constructor(report) {
    this.report = report;
    this.root = element('article', { class: 'call', hidden: true });
  }

  /** Shows the call of a party. */
  show(party) {
    const { recording } = party;
    this.title = element('h2', { tabindex: -1 }, named(baseName(recording.path)));
    this.root.replaceChildren(
      element('p', {}, element('a', { href: '#', class: 'back' }, `← ${texts.back}`)),
      this.title, this.facts(recording),
      ...recording.parties.map((other) => this.party(other, other === party)));
  }

  facts(recording) {
    const facts = [
      [texts.recording, named(recording.path)], [texts.format, recording.format], [texts.length, clock(recording.duration_s ?? 0)],
      ...recording.warnings.map((warning) => [texts.note, printable(warning)]),
    ];
    if (recording.sample_rate_hz) facts[1][1] = `${recording.format}, ${texts.rate(recording.sample_rate_hz)}`;
    if (recording.unheard_s > 0) facts.push([texts.note, texts.notHeard(recording.unheard_s)]);
    return element('dl', { class: 'facts' }, facts.map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, value))));
  }

  party(party, isSelected) {
    const { channel } = party;
    const words = channel.same_as ? `${party.evidence}, ${texts.sameAs(channel.same_as)}` : party.evidence;
    return element('section', { class: `party ${channel.verdict}`, 'aria-current': isSelected ? 'true' : undefined },
      element('h3', {}, named(party.who), ' ', badge(channel.verdict), ' ',
        element('span', { class: 'words' }, `${words}, ${texts.llr} ${llrText(channel.evidence_llr)}`)),
      this.stretches(party));
  }

  stretches(party) {
    const { segments } = party.channel;
    if (segments.length === 0) return undefined;
    return element('table', {}, element('caption', {}, texts.stretches),
      element('thead', {}, element('tr', {}, [texts.from, texts.to, texts.llr].map((title) => element('th', { scope: 'col' }, title)))),
      element('tbody', {}, segments.map((segment) => element('tr', {},
        element('td', {}, clock(segment.start_s)), element('td', {}, clock(segment.end_s)), element('td', {}, llrText(segment.llr))))));
  }
}
