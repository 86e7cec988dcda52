'use strict';

/** All that the page says. A translation is another file in place of this one. */
const texts = {
  language: 'en',
  title: 'Screening report',
  summary: (parties, recordings) => `${count(parties, 'party', 'parties')} of ${count(recordings, 'recording', 'recordings')}`,
  made: (created, version) => `${created ? `${created}, ` : ''}bonafide ${version}`,
  notWhole: (recordings) =>
    `This page is not whole: the scan was interrupted after ${count(recordings, 'recording', 'recordings')}. `
    + 'What is missing was not screened.',
  leftOut: (recordings) => `${count(recordings, 'recording is', 'recordings are')} left out, as --only had it.`,

  all: 'All parties',
  verdicts: { synthetic: 'Synthetic', inconclusive: 'Inconclusive', bonafide: 'Bona fide' },
  /** In front of a verdict, so that colour is not needed. */
  signs: { synthetic: '▲', inconclusive: '?', bonafide: '✓' },
  reasons: {
    no_speech: 'no speech', too_little_speech: 'too short', too_noisy: 'too noisy', too_distorted: 'too distorted',
    ambiguous: 'ambiguous', incomplete: 'incomplete',
  },
  strengths: {
    none: 'no support', weak: 'weak', moderate: 'moderate', moderately_strong: 'moderately strong', strong: 'strong',
    very_strong: 'very strong', extremely_strong: 'extremely strong',
  },

  filters: 'Show by verdict',
  search: 'Search by name or path',
  sortBy: 'Sort by',
  /** Columns of the list. */
  columns: {
    verdict: 'Verdict', evidence: 'Evidence, LLR', who: 'Who', file: 'Recording', length: 'Length', speech: 'Speech',
    flagged: 'Flagged', call: 'The call', yours: 'Yours',
  },
  mostSuspicious: 'Most suspicious first',
  shown: (shown, all) => (shown === all ? count(all, 'party', 'parties') : `${number(shown)} of ${count(all, 'party', 'parties')}`),
  nothingShown: 'No party fits.',
  keys: 'Keys: j and k go down and up, Enter opens, Space plays, / searches. '
    + 'In a call: arrows seek, n and p go from stretch to stretch, + and - show less and more of it, 0 shows all, Esc goes back.',
  channel: (index) => `channel ${index}`,
  standardInput: 'standard input',
  sameAs: (channel) => `same as channel ${channel}`,
  sparkline: (stretches) => (stretches.length ? `Flagged: ${stretches.join(', ')}` : 'Nothing flagged'),

  problems: (failed, unheard) => [
    failed ? `${count(failed, 'recording', 'recordings')} could not be screened` : '',
    unheard ? `${count(unheard, 'recording was', 'recordings were')} not heard in full` : '',
  ].filter(Boolean).join('; '),
  notScreened: (error) => `not screened: ${error}`,
  notHeard: (seconds) => `${clock(Math.max(1, seconds))} not heard`,

  back: 'All parties',
  list: 'Parties',
  recording: 'Recording',
  length: 'Length',
  format: 'Format',
  rate: (hertz) => `${(hertz / 1000).toLocaleString('en', { maximumFractionDigits: 3 })} kHz`,
  llr: 'LLR',
  note: 'Note',
  /** Why a party has its verdict, in a sentence or two. */
  why: ({ who, verdict, reason, llr, speech, beyond, lowestAt, points, stretches, flagged, unheard }) => {
    const whole = `the speech as a whole has an LLR of ${llrText(llr)}`;
    const part = stretches > 0
      ? `${stretches === 1 ? 'A stretch' : `${stretches} stretches`} of ${who}, ${amount(flagged)} in all, ${stretches === 1 ? 'is' : 'are'} flagged`
        + (beyond >= 0.5 ? `; the evidence is strongest at ${clock(Math.floor(lowestAt))}.` : '.')
      : beyond >= 0.5
      ? `${amount(beyond)} of ${who}’s ${amount(speech)} of speech lie beyond the alarm point for stretches, `
        + `strongest at ${clock(Math.floor(lowestAt))}.` : '';
    const beyondWhole = llr !== null && points && llr <= points.alarm
      ? `Also, ${whole}, at or below the alarm point of ${llrText(points.alarm)}.` : '';
    const sentences = {
      synthetic: [part, part ? beyondWhole : beyondWhole.replace('Also, t', 'T')],
      bonafide: [`T${whole.slice(1)}, at or above the clear point of ${llrText(points?.clear)}, and no stretch is flagged.`],
      no_speech: ['Nobody was heard to speak.'],
      too_little_speech: [`There are only ${speech.toFixed(1)} s of speech; a verdict takes one second.`],
      too_noisy: [points && llr !== null && llr >= points.clear
        ? 'The speech is less than 12 dB above the noise around it, in which a synthetic voice could pass for a person.'
        : 'The speech is less than 3 dB above the noise around it.'],
      too_distorted: ['The speech is clipped so much that a synthetic voice could pass for a person.'],
      incomplete: [`${clock(Math.max(1, unheard))} of the recording were not heard, so nobody in it is cleared.`],
      ambiguous: [part, stretches ? 'The flagged part is too short, or too weak beside the whole, to decide.' : `T${whole.slice(1)}, `
        + `between the alarm point (${llrText(points?.alarm)}) and the clear point (${llrText(points?.clear)}).`],
    };
    const said = (sentences[verdict === 'inconclusive' ? reason : verdict] ?? []).filter(Boolean);
    return said.length ? said.join(' ') : 'The second stage heard a part that is beyond the alarm point; the line below is of the first.';
  },
  drawings: (who) => `Waveform, spectrogram and evidence of ${who} along time; the list of stretches has the same in words`,
  waveform: 'waveform',
  spectrogram: 'mel spectrogram',
  evidence: 'evidence (LLR)',
  alarmLine: (llr) => `alarm ${llrText(llr)}`,
  clearLine: (llr) => `clear ${llrText(llr)}`,
  legend: { speech: 'speech', echo: 'echo of the other party, not counted', missing: 'missing from the recording', flagged: 'flagged' },
  evidenceNote: 'Evidence is that of the first stage, smoothed over a second: above is more like a person, below more like a machine.',
  noDrawings: 'There are no drawings of this party.',

  stretches: 'Flagged stretches',
  from: 'From',
  to: 'To',
  strength: 'Evidence',
  playStretch: (stretch) => `Play ${stretch}`,
  play: 'Play',
  pause: 'Pause',
  position: 'Position in the call',
  both: 'Both',
  heard: 'Who is heard',
  noAudio: 'There is no audio of this call in the page, and its recording cannot be found from here.',
  notInPage: 'This part is not in the page; it is played from the recording.',
  cannotPlay: 'This browser cannot play the recording, or it is not beside the page any more:',
  cannotPlayPart: 'This part is not in the page, and this browser cannot play the recording, or it is not beside the page any more:',
  linked: 'Played from the recording; each party is on its own channel of it.',
  openRecording: 'Open the recording',

  yours: 'Your verdict',
  confirm: (label) => `Confirm: ${label}`,
  reject: (label) => `Reject: ${label}`,
  labels: { spoof: 'synthetic', bonafide: 'a person', unsure: 'Unsure' },
  signsOfYours: { spoof: '▲', bonafide: '✓', unsure: '?' },
  noteOn: (who) => `Note on ${who}`,
  withoutYours: 'Without your verdict',
  export: (n) => `Your verdicts (${number(n)}):`,
  exportCSV: 'Save as CSV',
  exportJSON: 'Save as JSON',
  notKept: 'This browser keeps nothing for this page: save your verdicts before you close it.',

  limits: 'What this cannot know',
  evidenceNotProof: 'This is evidence, not proof. '
    + 'The LLR says how much better the speech fits voices of people than machine voices, '
    + 'as the development data had them; it knows nothing of who is calling and why. '
    + 'New generators, codecs and lines that the data do not have can move it either way.',
  ratesAt: (codec, seconds) =>
    `Error rates of the tool at its own points, on ${codec} with ${seconds} s of speech, the nearest that was measured:`,
  ratesMoved: 'The points of this scan are not those of the models, so that its error rates are others than these:',
  codecs: { ulaw: 'speech through µ-law or A-law', gsm: 'speech through GSM', 'amr12.2': 'speech through AMR-NB',
    g729: 'speech through G.729', opus12: 'speech through Opus at 12 kb/s', plain: 'speech without a codec' },
  rates: {
    data: 'Development data', genuineFlagged: 'People flagged', genuineCleared: 'People cleared', spoofFlagged: 'Machines flagged',
    spoofCleared: 'Machines cleared',
  },
  people: (people, machines) => `${number(people)} people, ${number(machines)} machines`,

  file: 'What was screened, and how',
  hash: 'SHA-256 of the recording',
  program: 'Program',
  model: (name) => `Model ${name}, SHA-256`,
  options: 'Options',
  created: 'Screened',
  unknown: 'not known',
};

/** A number and the word for what is counted. */
function count(n, one, many) {
  return `${number(n)} ${n === 1 ? one : many}`;
}

function number(n) {
  return n.toLocaleString(texts.language);
}

/** Seconds as m:ss, or h:mm:ss from an hour on. */
function clock(seconds) {
  const whole = Math.max(0, Math.round(Number.isFinite(seconds) ? seconds : 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** So many seconds, or minutes where there are many. */
function amount(seconds) {
  return seconds < 120 ? `${Math.round(seconds)} s` : clock(seconds);
}

/** From one second to another, never the same. */
function span(start, end) {
  const first = Math.floor(start);
  return `${clock(first)}–${clock(Math.max(Math.round(end), first + 1))}`;
}

/** A log-likelihood ratio to a decimal, with the sign of print. */
function llrText(llr) {
  return llr === null || llr === undefined ? '–' : llr.toFixed(1).replace('-', '−');
}

/** A share in per cent, never 0 % or 100 % where there is one or one is missing. */
function share(part, whole) {
  if (!whole || !part) return '0 %';
  if (part === whole) return '100 %';
  const percent = 100 * part / whole;
  if (percent < 0.1) return '<0.1 %';
  if (percent > 99.9) return '>99.9 %';
  return `${percent.toFixed(percent < 10 || percent > 99 ? 1 : 0)} %`;
}
