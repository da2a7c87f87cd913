import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react';
import { clock } from '../format.ts';
import { t } from '../messages/messages.ts';
import { useStore } from '../store.ts';
import type { Player } from './player.ts';

interface WaveformProps {
  readonly player: Player;
  /** 0 to 1 each; null draws a plain line. */
  readonly peaks: readonly number[] | null;
  readonly durationSeconds: number;
}

const [barPixels, gapPixels, keySeconds] = [2, 1, 5];

/** The loudness of the recording, and where the player is in it: a slider for pointer and keyboard. */
export function Waveform({ player, peaks, durationSeconds }: WaveformProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { seconds } = useStore(player);
  useEffect(() => {
    const drawn = canvas.current;
    if (drawn === null) return undefined;
    const paint = () => draw(drawn, peaks, durationSeconds === 0 ? 0 : player.get().seconds / durationSeconds);
    paint();
    const unsubscribe = player.subscribe(paint);
    const sizes = new ResizeObserver(paint);
    sizes.observe(drawn);
    const colours = matchMedia('(prefers-color-scheme: dark)');
    colours.addEventListener('change', paint);
    return () => {
      unsubscribe();
      sizes.disconnect();
      colours.removeEventListener('change', paint);
    };
  }, [player, peaks, durationSeconds]);
  const seekTo = ({ clientX, currentTarget }: PointerEvent<HTMLCanvasElement>) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    player.seek(Math.max(0, Math.min(1, (clientX - left) / width)) * durationSeconds);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -keySeconds, ArrowRight: keySeconds, ArrowDown: -keySeconds, ArrowUp: keySeconds }[
      event.key
    ];
    const to = { Home: 0, End: durationSeconds }[event.key] ?? (step === undefined ? undefined : seconds + step);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    player.seek(Math.max(0, Math.min(durationSeconds, to)));
  };
  return (
    <canvas
      ref={canvas}
      className="waveform"
      role="slider"
      tabIndex={0}
      aria-label={t.position}
      aria-valuemin={0}
      aria-valuemax={Math.round(durationSeconds)}
      aria-valuenow={Math.round(seconds)}
      aria-valuetext={clock(seconds)}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seekTo(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seekTo(event);
      }}
    />
  );
}

function draw(canvas: HTMLCanvasElement, peaks: readonly number[] | null, played: number): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  // Colours as the style sheet has resolved them, for light or dark.
  const { color: rest, caretColor: done } = getComputedStyle(canvas);
  const bars = Math.floor(width / (barPixels + gapPixels));
  for (let bar = 0; bar < bars; bar += 1) {
    const tall = Math.max(2, peakOf(peaks, bar / bars, (bar + 1) / bars) * (height - 4));
    context.fillStyle = (bar + 0.5) / bars <= played ? done : rest;
    context.fillRect(bar * (barPixels + gapPixels), (height - tall) / 2, barPixels, tall);
  }
}

/** The loudest of a part; speech seldom reaches the full scale, so that quiet voices are raised. */
function peakOf(peaks: readonly number[] | null, from: number, to: number): number {
  if (peaks === null || peaks.length === 0) return 0;
  const part = peaks.slice(
    Math.floor(from * peaks.length),
    Math.max(Math.floor(from * peaks.length) + 1, Math.floor(to * peaks.length)),
  );
  return Math.sqrt(Math.max(...part));
}
