'use strict';

/** All that the page says. A translation is another file in place of this one. */
const texts = {
  language: 'en',
  title: 'Screening report',
  summary: (parties, recordings) => `${count(parties, 'party', 'parties')} of ${count(recordings, 'recording', 'recordings')}`,
  made: (created, version) => `${created ? `${created}, ` : ''}bonafide ${version}`,
  notWhole: (recordings) =>
    `This page is not whole: the scan was interrupted after ${count(recordings, 'recording', 'recordings')}. What is missing was not screened.`,
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
    flagged: 'Flagged', call: 'The call',
  },
  mostSuspicious: 'Most suspicious first',
  shown: (shown, all) => (shown === all ? `${count(all, 'party', 'parties')}` : `${number(shown)} of ${count(all, 'party', 'parties')}`),
  nothingShown: 'No party fits.',
  keys: 'Keys: j and k go down and up, Enter opens, / searches.',
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
  callTitle: 'Call',
  parties: 'Parties',
  stretches: 'Flagged stretches',
  stretch: 'Stretch',
  from: 'From',
  to: 'To',
  llr: 'LLR',
  strength: 'Evidence',
  recording: 'Recording',
  format: 'Format',
  rate: (hertz) => `${(hertz / 1000).toLocaleString('en', { maximumFractionDigits: 3 })} kHz`,
  length: 'Length',
  model: 'Model',
  note: 'Note',
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
