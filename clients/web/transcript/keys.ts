import { useEffect } from 'react';
import type { Player } from './player.ts';

const stepSeconds = 5;

/** Whether keys are for what has the focus and not for the page. */
function isTaken({ target }: KeyboardEvent): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, button, a, summary, [role=slider], dialog') !== null
  );
}

/** Space plays, arrows to the sides skip, and Ctrl+F finds: the browser would find in the rows alone that are drawn. */
export function useKeys(player: Player, onFind: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey } = event;
      if ((ctrlKey || metaKey) && key.toLowerCase() === 'f') {
        event.preventDefault();
        return onFind();
      }
      if (ctrlKey || metaKey || altKey || isTaken(event)) return;
      const { seconds } = player.get();
      if (key === ' ') player.toggle();
      else if (key === 'ArrowLeft') player.seek(Math.max(0, seconds - stepSeconds));
      else if (key === 'ArrowRight') player.seek(seconds + stepSeconds);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  });
}
