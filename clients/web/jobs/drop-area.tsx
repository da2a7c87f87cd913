import { useEffect, useState } from 'react';
import { t } from '../messages/messages.ts';
import { useStore } from '../store.ts';
import { act } from '../toasts.tsx';
import { addDrafts, drafts } from './drafts.ts';
import { droppedFiles, recordingsOf } from './dropped-files.ts';
import { NewJobs } from './new-jobs.tsx';

/** The whole window takes recordings that are dropped on it; then a drawer asks what to do with them. */
export function DropArea() {
  const [isOver, setOver] = useState(false);
  const sources = useStore(drafts);
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      setOver(false);
      const files = droppedFiles(event.dataTransfer);
      act(async () => addDrafts(recordingsOf(await files)));
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
    };
  }, []);
  return (
    <>
      {isOver && <div className="drop-here">{t.dropNow}</div>}
      {sources.length > 0 && <NewJobs sources={sources} />}
    </>
  );
}
