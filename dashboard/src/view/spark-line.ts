import type { Spark } from "../model/index.ts";

const WIDTH = 96;
const HEIGHT = 22;
const EDGE = 2;

let up = "";
let down = "";
let flat = "";

/** Takes the colours from the page, whose theme may have changed. */
export function takeSparkColours(style: CSSStyleDeclaration): void {
  up = style.getPropertyValue("--up-line");
  down = style.getPropertyValue("--down-line");
  flat = style.getPropertyValue("--flat-line");
}

/** Draws a line from the oldest price to the newest, in the colour of where it went. */
export function drawSpark(canvas: HTMLCanvasElement, spark: Spark | undefined): void {
  const scale = globalThis.devicePixelRatio || 1;
  const width = Math.round(WIDTH * scale);
  const height = Math.round(HEIGHT * scale);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, WIDTH, HEIGHT);
  if (spark === undefined || spark.length < 2) return;
  const points = [...spark.points()];
  const low = Math.min(...points);
  const high = Math.max(...points);
  const first = points[0] ?? 0;
  const last = points.at(-1) ?? 0;
  const stepX = (WIDTH - 2 * EDGE) / (points.length - 1);
  const stepY = high === low ? 0 : (HEIGHT - 2 * EDGE) / (high - low);
  context.beginPath();
  points.forEach((price, i) => context.lineTo(EDGE + i * stepX, high === low ? HEIGHT / 2 : HEIGHT - EDGE - (price - low) * stepY));
  context.strokeStyle = last > first ? up : last < first ? down : flat;
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.stroke();
}
