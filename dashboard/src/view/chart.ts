import type { CandlestickData, HistogramData, IChartApi, ISeriesApi, UTCTimestamp } from "lightweight-charts";
import { CandlestickSeries, createChart, CrosshairMode, HistogramSeries, TickMarkType } from "lightweight-charts";
import type { Bar, BarsChange, Candles, Micros } from "../model/index.ts";
import { dateAndTime, dayOfYear, exact, halves, minuteOfDay, timeOfDay } from "./format.ts";
import type { Decimal } from "../model/index.ts";

// The chart draws with floats, in seconds. What is read of it are the bars' own
// decimals: see the legend.

const SHOWN_AT_FIRST = 120;

/** Candles with their volume below, by TradingView's Lightweight Charts. */
export class Chart {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  #colours = { up: "", down: "" };
  #places = -1;
  #fitted = false;

  /** pointed is told where the pointer is, in microseconds since 1970, or that it is nowhere. */
  constructor(container: HTMLElement, pointed: (t: number | undefined) => void) {
    this.#chart = createChart(container, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: "system-ui, sans-serif" }, // its notice is below: it would need an inline style
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { secondsVisible: true, timeVisible: true, tickMarkFormatter: mark, rightOffset: 4 },
      localization: { timeFormatter: (time: unknown) => dateAndTime(micros(time)), priceFormatter: (p: number) => this.#price(p) },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volume = this.#chart.addSeries(HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.26 } });
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.8, bottom: 0 } });
    this.#chart.subscribeCrosshairMove(({ time }) => pointed(time === undefined ? undefined : micros(time)));
  }

  /** Takes the colours from the page, whose theme may have changed. */
  restyle(style: CSSStyleDeclaration): void {
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const [text, line, up, down] = [colour("--muted-line"), colour("--grid-line"), colour("--up-line"), colour("--down-line")];
    this.#chart.applyOptions({
      layout: { background: { color: "transparent" }, textColor: text },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    this.#candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.#colours = { up: `${up}66`, down: `${down}66` };
  }

  draw({ bars }: Candles, change: BarsChange): void {
    if (change.kind === "all") {
      this.#setPlaces(Math.max(0, ...bars.map((bar) => places(bar.c))));
      this.#candles.setData(bars.map(candle));
      this.#volume.setData(bars.map((bar) => this.#histogram(bar)));
      if (bars.length < 2) this.#fitted = false;
      else if (!this.#fitted) this.#fit(bars.length);
      return;
    }
    for (const bar of change.bars) {
      if (places(bar.c) > this.#places) this.#setPlaces(places(bar.c));
      this.#candles.update(candle(bar));
      this.#volume.update(this.#histogram(bar));
    }
  }

  /** Another symbol or interval is shown from now on. */
  reset(): void {
    this.#fitted = false;
  }

  /** Moves by so many bars, to the past when negative. */
  scroll(bars: number): void {
    const scale = this.#chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  /** Shows more bars, or fewer: by 1.25 a quarter more. */
  zoom(by: number): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range === null) return;
    scale.setVisibleLogicalRange({ from: range.to - Math.max((range.to - range.from) * by, 5), to: range.to });
  }

  #fit(length: number): void {
    this.#fitted = true;
    this.#chart.timeScale().setVisibleLogicalRange({ from: Math.max(length - SHOWN_AT_FIRST, length - Math.max(length, 30)), to: length + 3 });
  }

  #setPlaces(count: number): void {
    this.#places = count;
    this.#candles.applyOptions({ priceFormat: { type: "price", precision: count, minMove: 10 ** -count } });
  }

  #price(price: number): string {
    return exact(price.toFixed(Math.max(this.#places, 0)) as Decimal);
  }

  #histogram(bar: Bar): HistogramData<UTCTimestamp> {
    return { time: seconds(bar), value: Number(bar.v), color: Number(bar.c) >= Number(bar.o) ? this.#colours.up : this.#colours.down };
  }
}

const candle = (bar: Bar): CandlestickData<UTCTimestamp> => ({ time: seconds(bar), open: Number(bar.o), high: Number(bar.h), low: Number(bar.l), close: Number(bar.c) });
const seconds = ({ t }: Bar): UTCTimestamp => (t / 1e6) as UTCTimestamp;
const micros = (time: unknown): Micros => (Number(time) * 1e6) as Micros;
const places = (price: Decimal): number => Math.max(halves(price).fraction.length - 1, 0);

/** The times along the axis, in the reader's zone and form. */
function mark(time: unknown, type: TickMarkType): string {
  if (type === TickMarkType.TimeWithSeconds) return timeOfDay(micros(time));
  return type === TickMarkType.Time ? minuteOfDay(micros(time)) : dayOfYear(micros(time));
}
