/** The parts of the page, and which of them is shown. */
class Page {
  constructor(report) {
    this.report = report;
    const decisions = new Decisions(report);
    this.worklist = new Worklist(report, decisions);
    this.call = new CallView(report, decisions, () => this.worklist.renew());
    const { about, end } = report;
    document.title = texts.title;
    document.documentElement.lang = texts.language;
    this.header = element('header', {}, element('h1', {}, texts.title),
      element('p', {},
        `${texts.summary(report.parties.length, report.recordings.length)}; ${texts.made(about.created, about.engine.version)}`),
      about.left_out ? element('p', {}, printable(about.left_out)) : undefined,
      end ? undefined : element('p', { class: 'warning', role: 'alert' }, texts.notWhole(report.recordings.length)),
      end?.left_out ? element('p', { class: 'warning' }, texts.leftOut(end.left_out)) : undefined);
    document.querySelector('main').replaceChildren(this.header, this.worklist.root, this.call.root);
    addEventListener('hashchange', () => this.route());
    addEventListener('keydown', (event) => this.press(event));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
    // On paper all is light.
    addEventListener('beforeprint', () => { document.documentElement.classList.add('printing'); this.redraw(); });
    addEventListener('afterprint', () => { document.documentElement.classList.remove('printing'); this.redraw(); });
    this.route();
  }

  /** Shows what the address names: `#/12` is the call of that party. */
  route() {
    const party = this.report.parties[/^#\/(\d+)$/.exec(location.hash)?.[1]];
    const wasOpen = !this.call.root.hidden;
    if (party !== undefined && !wasOpen) this.scroll = scrollY;
    this.worklist.root.hidden = this.header.hidden = party !== undefined;
    this.call.root.hidden = party === undefined;
    if (party !== undefined) {
      this.call.show(party);
      scrollTo(0, 0);
      this.call.title.focus({ preventScroll: true });
      return;
    }
    this.call.hide();
    this.worklist.renew();
    if (wasOpen) {
      scrollTo(0, this.scroll ?? 0);
      this.worklist.draw();
      this.worklist.select(this.worklist.selected, true);
    }
  }

  redraw() {
    for (const row of this.worklist.rows.values()) row.drawing();
    this.call.draw();
  }

  press(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest?.('input:not([type=range], [type=checkbox]), textarea, select')) {
      if (key === 'Escape') target.blur();
      return;
    }
    // Buttons are pressed by Space.
    if (key === ' ' && target.closest?.('button, summary, input')) return;
    if (this.act(key)) event.preventDefault();
  }

  act(key) {
    const { worklist, call } = this;
    if (call.root.hidden) {
      if (key !== ' ') return worklist.press(key);
      if (worklist.shown.length === 0) return false;
      this.open(worklist.selected);
      call.playStrongest();
    } else if (key === 'j' || key === 'k') {
      this.open(Math.min(Math.max(worklist.selected + (key === 'j' ? 1 : -1), 0), worklist.shown.length - 1));
    } else if (key === 'Escape') {
      location.hash = '';
    } else return call.press(key);
    return true;
  }

  /** Opens the call of the party at a place of the list. */
  open(place) {
    this.worklist.select(place, false);
    // Now, and not when the browser tells of it, so that what comes next finds it open.
    history.pushState(null, '', `#/${this.worklist.shown[place].index}`);
    this.route();
  }
}

/** The page that is shown. */
let page;

addEventListener('DOMContentLoaded', () => {
  const data = document.getElementById('data');
  const report = new Report(data.textContent);
  // The report has it now.
  data.remove();
  page = new Page(report);
});
