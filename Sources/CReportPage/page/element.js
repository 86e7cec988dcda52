/** An element with attributes, listeners (`onclick`) and children. Text is text, and never read as markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return made;
}

/** Text on one line: control characters, and those that turn its direction, are written as codes. */
function printable(text) {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

/** A name from outside: harmless, and with a direction of its own. */
function named(text, attributes = {}) {
  return element('bdi', attributes, printable(text));
}

/** A verdict in words, a sign and a colour. */
function badge(verdict) {
  return element('span', { class: `badge ${verdict}` },
    element('span', { 'aria-hidden': 'true' }, texts.signs[verdict]), ` ${texts.verdicts[verdict]}`);
}

/** A colour of the style sheet, for drawings. */
function colour(property) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${property}`).trim();
}

/** Prepares a canvas for drawing in CSS pixels, sharp on any screen. */
function prepare(canvas, width, height, ratio = Math.min(window.devicePixelRatio || 1, 3)) {
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext('2d');
  context.scale(canvas.width / width, canvas.height / height);
  return context;
}
