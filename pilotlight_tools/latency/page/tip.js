// What stands under the pointer in a chart, or is reached by the arrow keys in a focused one.

const tip = document.getElementById('tip');
let pointed = null;

document.addEventListener('pointermove', (event) =>
  point(event.target.closest('[data-tip]'), event.clientX, event.clientY),
);
document.addEventListener('scroll', hide, { passive: true });
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') hide();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const figure = document.activeElement?.closest('figure');
  if (!step || !figure) return;
  const all = [...figure.querySelectorAll('[data-tip]')];
  const next = all[Math.max(0, Math.min(all.length - 1, all.indexOf(pointed) + step))];
  if (!next) return;
  event.preventDefault();
  const { left, width, top } = next.getBoundingClientRect();
  point(next, left + width / 2, top);
});

/** After a reading: what is pointed at may have become something else, or be gone. */
export function refreshTip() {
  if (!pointed) return;
  if (!pointed.dataset.tip || !pointed.isConnected) return hide();
  pointed.classList.add('pointed');
  tip.textContent = pointed.dataset.tip;
}

function point(node, x, y) {
  if (!node) return hide();
  if (pointed !== node) pointed?.classList.remove('pointed');
  pointed = node;
  node.classList.add('pointed');
  tip.textContent = node.dataset.tip;
  tip.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = tip;
  tip.style.left = `${Math.max(4, Math.min(x + 14, document.documentElement.clientWidth - width - 4))}px`;
  tip.style.top = `${y - height - 12 > 4 ? y - height - 12 : y + 18}px`;
}

function hide() {
  tip.hidden = true;
  pointed?.classList.remove('pointed');
  pointed = null;
}
