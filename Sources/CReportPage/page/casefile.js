/** What a case file has beside the drawings: how sure the tool can be, what was screened, and by what. */
function caseFile(report, recording, party) {
  return element('section', { class: 'casefile' },
    element('h3', {}, texts.limits), element('p', {}, texts.evidenceNotProof), ...rates(report.about, recording, party),
    element('h3', {}, texts.file), hashes(report.about, recording));
}

/** Error rates that were measured nearest to a party's codec and seconds of speech. */
function rates(about, recording, party) {
  const measured = measurements(about, party.channel.model);
  if (measured.length === 0) return [];
  const codec = codecOf(recording.format ?? '');
  const ofCodec = measured.some((row) => row.codec === codec) ? measured.filter((row) => row.codec === codec) : measured;
  const enough = ofCodec.filter((row) => row.seconds <= Math.max(4, party.channel.speech_s)).map((row) => row.seconds);
  const seconds = Math.max(...(enough.length ? enough : ofCodec.map((row) => row.seconds)));
  const rows = ofCodec.filter((row) => row.seconds === seconds);
  const heads = Object.values(texts.rates).map((title) => element('th', { scope: 'col' }, title));
  return [
    element('p', {}, about.own_points === 0 ? `${texts.ratesMoved} ` : '',
      texts.ratesAt(texts.codecs[rows[0].codec] ?? rows[0].codec, seconds)),
    element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': texts.limits },
      element('table', {}, element('thead', {}, element('tr', {}, heads)),
      element('tbody', {}, rows.map(({ data, values }) => element('tr', {},
        element('td', {}, `${data}: ${texts.people(values.bonafide, values.spoof)}`),
        ['bonafide_flagged', 'bonafide_cleared', 'spoof_flagged', 'spoof_cleared'].map((key) =>
          element('td', {}, `${(100 * values[key]).toFixed(1)} %`))))))),
  ];
}

/** What cards measured at their points: of the second stage by data, codec and seconds; of a first stage alone by seconds. */
function measurements(about, model) {
  const cards = Object.values(about.metrics ?? {});
  const fused = cards.flatMap((card) => Object.entries(card.conditions ?? {})).map(([title, values]) => {
    const [, data, codec, seconds] = /^(\S+) (\S+) (\d+) s$/.exec(title) ?? [];
    return { data, codec, seconds: Number(seconds), values };
  }).filter(({ data, values }) => data && values.spoof_flagged !== undefined);
  if (fused.length) return fused;
  const { clips, parties } = about.metrics?.[model] ?? {};
  return [[clips, 4], [parties, parties?.seconds]].filter(([values]) => values?.spoof_flagged !== undefined)
    .map(([values, seconds]) => ({ data: 'dev', codec: 'plain', seconds, values }));
}

/** The codec of a format among those that error rates were measured for. */
function codecOf(format) {
  if (/ULAW|ALAW/i.test(format)) return 'ulaw';
  if (/GSM/i.test(format)) return 'gsm';
  if (/OPUS/i.test(format)) return 'opus12';
  if (/G729/i.test(format)) return 'g729';
  return /AMR/i.test(format) ? 'amr12.2' : 'plain';
}

function hashes(about, recording) {
  const { engine } = about;
  const models = [['model', 'model_sha256'], ['wideband_model', 'wideband_model_sha256'], ['second_stage', 'second_stage_sha256']];
  const options = (about.options ?? []).map(([option, value]) => [option, value].filter(Boolean).join(' ')).join('  ');
  const facts = [
    [texts.recording, named(recording.path)], [texts.hash, recording.sha256 ?? texts.unknown],
    [texts.created, about.created ?? texts.unknown],
    [texts.program, `bonafide ${engine.version}`],
    ...models.filter(([title]) => engine[title]).map(([title, hash]) => [texts.model(engine[title]), engine[hash]]),
    [texts.options, printable(options)],
  ];
  return element('dl', { class: 'hashes' }, facts.map(([term, value]) =>
    element('div', {}, element('dt', {}, term), element('dd', {}, value))));
}
