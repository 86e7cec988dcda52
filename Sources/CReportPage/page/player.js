/** Plays a call: the clips that the page has of it, or else the recording beside the page. One call at a time. */
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
    this.linkAudio.addEventListener('error', () => this.say(texts.cannotPlay, this.recording?.link));
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
    this.position = 0;
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
    this.clipAudio.removeAttribute('src');
    this.linkAudio.removeAttribute('src');
    this.recording = undefined;
  }

  /** Seconds in the call. */
  get now() {
    return this.clips?.length ? (this.clip ? this.clip.start_s + this.audio.currentTime : this.position) : this.audio?.currentTime ?? 0;
  }

  /** Goes to a second of the call; where the page has it of a party alone, to that one's. */
  seek(seconds, party) {
    if (!this.recording) return;
    if (this.clips.length === 0) {
      if (this.linkAudio.src) this.linkAudio.currentTime = seconds;
      return;
    }
    const has = (clip) => seconds >= clip.start_s && seconds < clip.end_s;
    const ofParty = (clip) => !party
      || clip.channels.length === 0 || clip.channels.includes(party.channel.same_as ?? party.channel.channel);
    let clip = this.clips.find((other) => has(other) && ofParty(other)) ?? this.clips.find(has);
    this.say(clip ? '' : texts.notInPage);
    clip ??= this.clips.filter((other) => other.start_s >= seconds).sort((a, b) => a.start_s - b.start_s)[0] ?? this.clips.at(-1);
    this.open(clip);
    this.audio.currentTime = has(clip) ? seconds - clip.start_s : 0;
    this.update();
  }

  open(clip) {
    if (this.clip === clip) return;
    const isPlaying = !this.audio.paused;
    this.clip = clip;
    if (this.url) URL.revokeObjectURL(this.url);
    const bytes = Uint8Array.from(atob(clip.opus), (character) => character.charCodeAt(0));
    this.url = URL.createObjectURL(new Blob([bytes], { type: 'audio/ogg' }));
    this.audio.src = this.url;
    if (isPlaying) this.audio.play();
    this.route();
    this.showSolos();
  }

  async play() {
    if (!this.recording || this.button.disabled) return;
    if (this.clips.length && !this.clip) this.seek(this.clips[0].start_s);
    if (this.clips.length) this.connect();
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

  /** At the end of a clip: the next one. */
  goOn() {
    const next = this.clip && this.clips.filter((clip) => clip.start_s >= this.clip.end_s).sort((a, b) => a.start_s - b.start_s)[0];
    if (next) this.playFrom(next.start_s);
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
    const channels = this.clip?.channels ?? this.clips[0]?.channels ?? [];
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
