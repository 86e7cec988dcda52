/** Digits of the base 64 that drawings are written in. */
const digits = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
  .map((digit, value) => [digit.charCodeAt(0), value]));

/** Values in 0...1, one digit each. */
function shares(text) {
  const values = new Float32Array(text.length);
  for (let i = 0; i < text.length; i += 1) values[i] = digits.get(text.charCodeAt(i)) / 63;
  return values;
}

/** Log-likelihood ratios, two digits each; not a number where nobody speaks. */
function ratios(text) {
  const values = new Float32Array(text.length / 2);
  for (let i = 0; i < values.length; i += 1) {
    const high = digits.get(text.charCodeAt(2 * i));
    values[i] = high === undefined ? NaN : (high * 64 + digits.get(text.charCodeAt(2 * i + 1))) / 128 - 16;
  }
  return values;
}

/** What drawings of a party take, read. */
function readTrace(trace) {
  const lowest = ratios(trace.lowest);
  return {
    ...trace, lowest, highest: trace.highest ? ratios(trace.highest) : lowest,
    speech: shares(trace.speech), echo: shares(trace.echo), missing: shares(trace.missing),
    peaks: shares(trace.peaks), spectra: shares(trace.spectra),
  };
}

/** The drawings of a party: waveform, spectrogram and evidence over one axis of time. */
class Pictures {
  static get arePrinted() { return document.documentElement.classList.contains('printing'); }

  /** Heights in CSS pixels; less on paper, where two parties go on a page. */
  static get heights() {
    return Pictures.arePrinted ? { wave: 34, spectrum: 68, evidence: 84, axis: 18 }
      : { wave: 48, spectrum: 96, evidence: 120, axis: 18 };
  }

  /**
   * `zoom` is what of the call is seen, shared by its drawings: seconds `from` and `to`.
   */
  constructor(party, zoom, onSeek) {
    this.party = party;
    this.zoom = zoom;
    this.trace = readTrace(party.trace);
    this.duration = party.recording.duration_s || 1;
    this.canvas = element('canvas', { role: 'img', 'aria-label': texts.drawings(party.who) });
    this.cursor = element('div', { class: 'cursor', hidden: true });
    this.root = element('div', { class: 'pictures' }, this.canvas, this.cursor);
    const seek = (event) => {
      const box = this.canvas.getBoundingClientRect();
      onSeek(this.at((event.clientX - box.left) / box.width));
    };
    this.root.addEventListener('pointerdown', (event) => {
      this.root.setPointerCapture(event.pointerId);
      this.isHeld = true;
      seek(event);
    });
    this.root.addEventListener('pointermove', (event) => { if (this.isHeld) seek(event); });
    for (const type of ['pointerup', 'pointercancel']) this.root.addEventListener(type, () => { this.isHeld = false; });
  }

  /** What is seen of the call: on paper, all. */
  get seen() { return Pictures.arePrinted ? { from: 0, to: this.duration } : this.zoom; }

  /** The time at a share of the width. */
  at(share) {
    const { from, to } = this.seen;
    return from + Math.min(Math.max(share, 0), 1) * (to - from);
  }

  /** Moves the line of what is being played. */
  show(seconds) {
    const { from, to } = this.seen;
    this.played = seconds;
    this.cursor.hidden = seconds < from || seconds > to;
    this.cursor.style.left = `${100 * (seconds - from) / (to - from)}%`;
  }

  draw() {
    // What is laid out for paper is not known before it is drawn: the width between the margins of A4, at what a printer shows.
    const [width, ratio] = Pictures.arePrinted ? [688, 3] : [this.root.clientWidth || 700];
    const { wave, spectrum, evidence, axis } = Pictures.heights;
    const context = prepare(this.canvas, width, wave + spectrum + evidence + axis + 8, ratio);
    this.canvas.style.height = `${wave + spectrum + evidence + axis + 8}px`;
    context.font = '11px system-ui, sans-serif';
    const { from, to } = this.seen;
    this.wide = (seconds) => seconds / (to - from) * width;
    this.x = (seconds) => this.wide(seconds - from);
    this.flags(context, 0, wave, 0.18);
    this.waveform(context, wave);
    this.spectrogram(context, wave + 4, spectrum);
    this.evidence(context, wave + spectrum + 8, evidence, width);
    this.axis(context, wave + spectrum + evidence + 8, width);
    if (this.played !== undefined) this.show(this.played);
  }

  /** What is flagged, as an area with a line below. */
  flags(context, top, height, alpha) {
    context.fillStyle = colour('spoof');
    for (const { start_s: start, end_s: end } of this.party.channel.segments) {
      const [left, width] = [this.x(start), Math.max(2, this.x(end) - this.x(start))];
      context.globalAlpha = alpha;
      context.fillRect(left, top, width, height);
      context.globalAlpha = 1;
      context.fillRect(left, top + height - 3, width, 3);
    }
  }

  waveform(context, height) {
    const { peaks, peak_hop_s: hop } = this.trace;
    context.fillStyle = colour('soft');
    const step = Math.max(1, this.wide(hop));
    peaks.forEach((peak, i) => {
      const length = Math.max(1, peak * (height - 8));
      context.fillRect(this.x(i * hop), (height - 4 - length) / 2, Math.max(0.6, step * 0.8), length);
    });
    this.label(context, texts.waveform, 4, 11);
  }

  spectrogram(context, top, height) {
    const { spectra, bands, spectrum_hop_s: hop } = this.trace;
    const columns = Math.floor(spectra.length / bands);
    context.fillStyle = 'rgb(8, 6, 22)';
    context.fillRect(this.x(0), top, this.wide(this.duration), height);
    if (columns === 0) return;
    const image = new ImageData(columns, bands);
    for (let column = 0; column < columns; column += 1) {
      for (let band = 0; band < bands; band += 1)
        image.data.set(heat(spectra[column * bands + band]), 4 * ((bands - 1 - band) * columns + column));
    }
    const small = element('canvas', { width: columns, height: bands });
    small.getContext('2d').putImageData(image, 0, 0);
    context.save();
    context.beginPath();
    context.rect(this.x(0), top, this.wide(this.duration), height);
    context.clip();
    context.drawImage(small, this.x(0), top, this.wide(columns * hop), height);
    context.restore();
    const { low_hz: low, high_hz: high } = this.trace;
    this.label(context, `${texts.spectrogram}, ${low}–${high} Hz`, 4, top + 12, '#fff');
  }

  evidence(context, top, height, width) {
    const { lowest, highest, hop_s: hop, alarm, clear } = this.trace;
    const finite = [...lowest, ...highest].filter(Number.isFinite);
    const [least, most] = [Math.min(alarm - 1, ...finite), Math.max(clear + 1, ...finite)];
    const y = (llr) => top + (most - llr) / (most - least) * (height - 8) + 4;
    context.strokeStyle = colour('rule');
    context.strokeRect(0.5, top + 0.5, width - 1, height - 1);
    this.shade(context, top, height);
    this.flags(context, top, height, 0.18);
    for (const [llr, property, text] of [[alarm, 'spoof', texts.alarmLine(alarm)], [clear, 'bonafide', texts.clearLine(clear)]]) {
      context.strokeStyle = colour(property);
      context.setLineDash([5, 4]);
      context.beginPath();
      context.moveTo(0, y(llr));
      context.lineTo(width, y(llr));
      context.stroke();
      context.setLineDash([]);
      this.label(context, text, width - 4, y(llr) - 3, colour(property), 'right');
    }
    context.strokeStyle = context.fillStyle = colour('ink');
    context.lineWidth = 1.5;
    context.beginPath();
    lowest.forEach((low, i) => {
      if (Number.isNaN(low)) return;
      const x = this.x((i + 0.5) * hop);
      // From the lowest to the highest of the column, then on to the next one.
      if (i === 0 || Number.isNaN(lowest[i - 1])) context.moveTo(x - this.wide(hop) / 2, y(highest[i]));
      context.lineTo(x, y(highest[i]));
      context.lineTo(x, y(low));
      if (i + 1 === lowest.length || Number.isNaN(lowest[i + 1])) context.lineTo(x + this.wide(hop) / 2, y(low));
    });
    context.stroke();
    context.lineWidth = 1;
    this.label(context, texts.evidence, 4, top + 12);
  }

  /** Where there is speech, echo, or nothing at all. */
  shade(context, top, height) {
    const { hop_s: hop } = this.trace;
    for (const kind of ['speech', 'echo', 'missing']) {
      context.fillStyle = kind === 'speech' ? colour('curve') : colour(kind === 'echo' ? 'unsure' : 'soft');
      this.trace[kind].forEach((share, i) => {
        if (share === 0) return;
        // Whole pixels, so that columns neither overlap nor part.
        const left = Math.floor(this.x(i * hop));
        const width = Math.floor(this.x((i + 1) * hop)) - left;
        if (kind === 'speech') {
          context.globalAlpha = 0.13 * share;
          context.fillRect(left, top, width, height);
        } else {
          // Stripes of their own for each, so that colour is not needed.
          context.globalAlpha = 0.55 * share;
          for (let y = top + 2; y < top + height; y += kind === 'echo' ? 6 : 3) context.fillRect(left, y, width, 1);
        }
        context.globalAlpha = 1;
      });
    }
  }

  axis(context, top, width) {
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].find((seconds) => this.wide(seconds) >= 64) ?? 14400;
    const { from, to } = this.seen;
    for (let seconds = Math.ceil(from / step) * step; seconds <= to; seconds += step) {
      const x = this.x(seconds);
      this.label(context, clock(seconds), Math.min(Math.max(x, 12), width - 14), top + 13, colour('soft'), 'center');
      context.fillRect(x, top, 1, 3);
    }
  }

  label(context, text, x, y, fill = colour('soft'), align = 'left') {
    context.textAlign = align;
    // To be read over lines.
    context.strokeStyle = fill === '#fff' ? '#000' : colour('ground');
    context.lineWidth = 3;
    context.strokeText(text, x, y);
    context.lineWidth = 1;
    context.fillStyle = fill;
    context.fillText(text, x, y);
  }
}

/** Colours of a spectrogram from dark to bright, of which lightness alone says all. */
const heatStops = [[8, 6, 22], [63, 15, 104], [150, 38, 103], [229, 92, 48], [252, 190, 62], [252, 255, 200]];

function heat(share) {
  const place = Math.min(Math.max(share, 0), 0.9999) * (heatStops.length - 1);
  const [from, to, part] = [heatStops[Math.floor(place)], heatStops[Math.floor(place) + 1], place % 1];
  return [0, 1, 2].map((i) => from[i] + (to[i] - from[i]) * part).concat(255);
}

/** The call from left to right, small: evidence, and what is flagged. */
function drawSparkline(canvas, party) {
  const { width, height } = canvas.getBoundingClientRect();
  if (width === 0) return;
  const context = prepare(canvas, width, height);
  const length = party.recording.duration_s || 1;
  context.fillStyle = colour('spoof');
  for (const { start_s: start, end_s: end } of party.channel.segments) {
    const [left, wide] = [start / length * width, Math.max(2, (end - start) / length * width)];
    context.globalAlpha = 0.3;
    context.fillRect(left, 0, wide, height);
    context.globalAlpha = 1;
    context.fillRect(left, height - 4, wide, 4);
  }
  context.fillStyle = colour('rule');
  context.fillRect(0, height - 1, width, 1);
  const { trace } = party;
  if (!trace) return;
  context.strokeStyle = colour('ink');
  context.globalAlpha = 0.75;
  context.beginPath();
  let isDown = false;
  ratios(trace.lowest).forEach((llr, i) => {
    const [x, y] = [(i + 0.5) * trace.hop_s / length * width, (6 - Math.min(Math.max(llr, -8), 6)) / 14 * (height - 6) + 2];
    if (Number.isNaN(llr)) isDown = false;
    else if (isDown) context.lineTo(x, y);
    else {
      context.moveTo(x - 0.5, y);
      context.lineTo(x, y);
      isDown = true;
    }
  });
  context.stroke();
}
