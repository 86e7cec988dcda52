/** The parts of the page, and which of them is shown. */
class Page {
  constructor(report) {
    this.report = report;
    this.worklist = new Worklist(report);
    this.call = new CallView(report);
    const { about, end } = report;
    document.title = texts.title;
    document.documentElement.lang = texts.language;
    this.header = element('header', {}, element('h1', {}, texts.title),
      element('p', {}, `${texts.summary(report.parties.length, report.recordings.length)}; ${texts.made(about.created, about.engine.version)}`),
      end ? undefined : element('p', { class: 'warning', role: 'alert' }, texts.notWhole(report.recordings.length)),
      end?.left_out ? element('p', { class: 'warning' }, texts.leftOut(end.left_out)) : undefined);
    document.querySelector('main').replaceChildren(this.header, this.worklist.root, this.call.root);
    addEventListener('hashchange', () => this.route());
    addEventListener('keydown', (event) => this.press(event));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
    this.route();
  }

  /** Shows what the address names: `#/12` is the call of that party. */
  route() {
    const party = this.report.parties[/^#\/(\d+)$/.exec(location.hash)?.[1]];
    const wasOpen = !this.call.root.hidden;
    this.worklist.root.hidden = this.header.hidden = party !== undefined;
    this.call.root.hidden = party === undefined;
    if (party !== undefined) {
      if (!wasOpen) this.scroll = scrollY;
      this.call.show(party);
      scrollTo(0, 0);
      this.call.title.focus({ preventScroll: true });
    } else {
      this.worklist.draw();
      if (wasOpen) {
        scrollTo(0, this.scroll ?? 0);
        this.worklist.draw();
        this.worklist.select(this.worklist.selected, true);
      }
    }
  }

  redraw() {
    for (const row of this.worklist.rows.values()) row.drawing();
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input:not([type=range]), textarea, select')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const { key } = event;
    if (this.call.root.hidden) {
      if (this.worklist.press(key)) event.preventDefault();
    } else if (key === 'j' || key === 'k') {
      this.worklist.select(this.worklist.selected + (key === 'j' ? 1 : -1), false);
      location.hash = `#/${this.worklist.shown[this.worklist.selected].index}`;
    } else if (key === 'Escape') {
      location.hash = '';
    }
  }
}

addEventListener('DOMContentLoaded', () => {
  const data = document.getElementById('data');
  const page = new Page(new Report(data.textContent));
  // Held by what the browser calls; the text is not needed any more.
  data.remove();
  return page;
});
