/** The level of the microphone: a line of bars that moves on, or one bar where motion is unwanted. */

const BAR_PX = 3;
const GAP_PX = 2;
const BAR_MS = 50;
/** Levels that are drawn as nothing and as all: a quiet room, and a voice close by. */
const [LOWEST, HIGHEST] = [0.3, 0.75];

export class Wave {
  #canvas;
  #level = () => 0;
  #levels = [];
  #frame = null;
  #lastMs = 0;
  #isStill = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Show a level until `stop`. @param {() => number} level between 0 and 1 */
  start(level) {
    this.stop();
    this.#level = level;
    const step = (nowMs) => {
      this.#frame = requestAnimationFrame(step);
      if (nowMs - this.#lastMs < BAR_MS) return;
      this.#lastMs = nowMs;
      const level = (this.#level() - LOWEST) / (HIGHEST - LOWEST);
      this.#levels.push(Math.max(0, Math.min(1, level)));
      if (this.#levels.length > 1_000) this.#levels.splice(0, 500);
      this.#draw();
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop() {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  clear() {
    this.#levels = [];
    this.#draw();
  }

  #draw() {
    const scale = devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#canvas.width = width * scale;
    this.#canvas.height = height * scale;
    const brush = this.#canvas.getContext("2d");
    brush.scale(scale, scale);
    const style = getComputedStyle(this.#canvas);
    const [colour, faint] = ["--wave", "--line"].map((name) => style.getPropertyValue(name));
    if (this.#isStill.matches) this.#drawStill(brush, width, height, colour, faint);
    else this.#drawMoving(brush, width, height, colour, faint);
  }

  #drawMoving(brush, width, height, colour, faint) {
    const step = BAR_PX + GAP_PX;
    const count = Math.floor(width / step);
    for (let place = 0; place < count; place += 1) {
      const level = this.#levels[this.#levels.length - count + place];
      const tall = Math.max(BAR_PX, (level ?? 0) * height);
      brush.fillStyle = level === undefined ? faint : colour;
      bar(brush, place * step, (height - tall) / 2, BAR_PX, tall);
    }
  }

  #drawStill(brush, width, height, colour, faint) {
    const tall = 8;
    brush.fillStyle = faint;
    bar(brush, 0, (height - tall) / 2, width, tall);
    brush.fillStyle = colour;
    bar(brush, 0, (height - tall) / 2, (this.#levels.at(-1) ?? 0) * width, tall);
  }
}

function bar(brush, x, y, width, height) {
  brush.beginPath();
  brush.roundRect(x, y, width, height, Math.min(width, height) / 2);
  brush.fill();
}
