/** Plays a call: the clips that the page has of it, and what it does not have from the recording beside it. One call at a time. */
class Player {
  constructor(onTime) {
    this.onTime = onTime;
    /** Of clips, whose channels go to either ear; of recordings, which a page may not take apart. */
    this.clipAudio = element('audio', { preload: 'auto' });
    this.linkAudio = element('audio', { preload: 'metadata' });
    for (const audio of [this.clipAudio, this.linkAudio]) {
      for (const type of ['timeupdate', 'play', 'pause', 'seeked', 'loadedmetadata']) audio.addEventListener(type, () => this.update());
      audio.addEventListener('ended', () => this.goOn());
    }
    this.linkAudio.addEventListener('error', () => {
      if (this.audio === this.linkAudio) this.say(this.clips.length ? texts.cannotPlayPart : texts.cannotPlay, this.recording?.link);
    });
    this.button = element('button', { type: 'button', class: 'play', onclick: () => this.toggle() });
    this.range = element('input', {
      type: 'range', min: 0, step: 0.1, 'aria-label': texts.position, oninput: () => this.seek(Number(this.range.value)),
    });
    this.time = element('span', { class: 'time' });
    this.solos = element('div', { class: 'solos', role: 'group', 'aria-label': texts.heard });
    this.message = element('p', { role: 'status' });
    this.root = element('section', { class: 'player', 'aria-label': texts.play },
      this.button, this.time, this.range, this.solos, this.message);
  }

  /** Takes the call of a recording; it plays when it is told to. */
  load(recording) {
    if (this.recording === recording) return;
    this.stop();
    this.recording = recording;
    this.clips = linesOf(recording, 'clips') ?? [];
    this.audio = this.clips.length ? this.clipAudio : this.linkAudio;
    this.solo = null;
    this.clip = undefined;
    this.range.max = recording.duration_s || 1;
    this.say('');
    if (this.clips.length === 0) {
      if (recording.link) {
        this.linkAudio.src = recording.link;
        if (recording.parties.length > 1) this.say(texts.linked);
      } else this.say(texts.noAudio);
    }
    this.button.disabled = this.range.disabled = this.clips.length === 0 && !recording.link;
    this.showSolos();
    this.update();
  }

  stop() {
    this.audio?.pause();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = undefined;
    for (const audio of [this.clipAudio, this.linkAudio]) {
      audio.removeAttribute('src');
      audio.load();
    }
    this.recording = undefined;
  }

  /** Seconds in the call. */
  get now() {
    return (this.clip?.start_s ?? 0) + (this.audio?.currentTime ?? 0);
  }

  /** Goes to a second of the call: in the page, where it has that (of a party alone, to that one's); else in the recording. */
  seek(seconds, party) {
    if (!this.recording) return;
    const has = (clip) => seconds >= clip.start_s && seconds < clip.end_s;
    const ofParty = (clip) => !party
      || clip.channels.length === 0 || clip.channels.includes(party.channel.same_as ?? party.channel.channel);
    const clip = this.clips.find((other) => has(other) && ofParty(other)) ?? this.clips.find(has);
    if (clip) this.open(clip);
    else if (this.recording.link) this.openRecording();
    else return;
    this.audio.currentTime = seconds - (this.clip?.start_s ?? 0);
    this.update();
  }

  open(clip) {
    this.say('');
    if (this.clip === clip) return;
    this.clip = clip;
    if (this.url) URL.revokeObjectURL(this.url);
    const bytes = Uint8Array.from(atob(clip.opus), (character) => character.charCodeAt(0));
    this.url = URL.createObjectURL(new Blob([bytes], { type: 'audio/ogg' }));
    this.use(this.clipAudio, this.url);
    this.route();
  }

  openRecording() {
    if (this.clips.length) this.say(texts.notInPage);
    this.clip = undefined;
    // One that could not be played may be there by now.
    const isOpen = this.linkAudio.src && !this.linkAudio.error;
    this.use(this.linkAudio, isOpen ? undefined : this.recording.link);
  }

  /** Has what is heard from here on in one of the two; what was playing goes on. */
  use(audio, source) {
    const isPlaying = !this.audio.paused;
    if (audio !== this.audio) this.audio.pause();
    this.audio = audio;
    if (source) audio.src = source;
    if (isPlaying) this.play();
    this.showSolos();
  }

  async play() {
    if (!this.recording || this.button.disabled) return;
    if (this.audio === this.clipAudio && !this.clip) this.seek(this.clips[0].start_s);
    if (this.clip) this.connect();
    // A recording that cannot be played says so by its error.
    try { await this.audio.play(); } catch { this.update(); }
  }

  toggle() {
    if (this.audio?.paused ?? true) this.play();
    else this.audio.pause();
  }

  /** Plays from a second of the call on. */
  playFrom(seconds, party) {
    this.seek(seconds, party);
    this.play();
  }

  /** At the end of a clip: the next one, or a flagged stretch before it that the page does not have, or not whole. */
  goOn() {
    if (!this.clip) return;
    const { end_s: end } = this.clip;
    const stretches = this.linkAudio.error ? [] : this.recording.parties.flatMap((party) => party.channel.segments);
    const starts = [
      ...this.clips.map((clip) => clip.start_s).filter((start) => start >= end),
      // What ends with the recording may end a little behind the clip.
      ...stretches.filter((stretch) => stretch.end_s > end + 0.1).map((stretch) => Math.max(stretch.start_s, end)),
    ];
    if (starts.length) this.playFrom(Math.min(...starts));
  }

  /** Puts gains between each channel of clips and each ear. */
  connect() {
    if (!this.context) {
      this.context = new AudioContext();
      const splitter = this.context.createChannelSplitter(2);
      const merger = this.context.createChannelMerger(2);
      this.context.createMediaElementSource(this.clipAudio).connect(splitter);
      this.gains = [0, 1].map((channel) => [0, 1].map((ear) => {
        const gain = this.context.createGain();
        splitter.connect(gain, channel);
        gain.connect(merger, 0, ear);
        return gain;
      }));
      merger.connect(this.context.destination);
    }
    this.context.resume();
    this.route();
  }

  /** The first party to the left and the second to the right; one who is heard alone, to both. */
  route() {
    if (!this.gains || !this.clip) return;
    const only = this.clip.channels.length < 2 ? 0 : this.clip.channels.indexOf(this.solo);
    this.gains.forEach((ears, channel) => ears.forEach((gain, ear) => {
      gain.gain.value = only === -1 ? Number(channel === ear) : Number(channel === only);
    }));
  }

  showSolos() {
    // Of the recording a page may not take channels apart.
    const channels = (this.audio === this.clipAudio && (this.clip ?? this.clips[0])?.channels) || [];
    const choice = (channel, title) => element('button', {
      type: 'button', 'aria-pressed': String(this.solo === channel),
      onclick: () => { this.solo = channel; this.route(); this.showSolos(); this.solos.querySelector('[aria-pressed=true]').focus(); },
    }, printable(title));
    this.solos.replaceChildren(...(channels.length < 2 ? [] : [choice(null, texts.both), ...channels.map((channel) =>
      choice(channel, this.recording.parties.find((party) => party.channel.channel === channel)?.who ?? texts.channel(channel)))]));
  }

  say(text, link) {
    this.message.replaceChildren(text, ...(link ? [' ', element('a', { href: link }, texts.openRecording)] : []));
  }

  update() {
    const { now } = this;
    const isPlaying = this.audio && !this.audio.paused;
    this.button.textContent = isPlaying ? '❚❚' : '▶';
    this.button.setAttribute('aria-label', isPlaying ? texts.pause : texts.play);
    this.range.value = now;
    this.range.setAttribute('aria-valuetext', clock(now));
    this.time.textContent = `${clock(Math.floor(now))} / ${clock(this.recording?.duration_s ?? 0)}`;
    this.onTime(now);
    // More often than the browser tells, for a line that moves evenly.
    if (isPlaying) this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.update(); });
  }
}
