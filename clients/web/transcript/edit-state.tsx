import { useEffect } from 'react';
import { t } from '../messages/messages.ts';
import { useStore } from '../store.ts';
import type { Editor } from './editor.ts';

/** Whether corrections are saved, and what takes them back. */
export function EditState({ editor, isEdited }: { readonly editor: Editor; readonly isEdited: boolean }) {
  const { unsaved, isSaving, canUndo, canRedo } = useStore(editor);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.closest('input, textarea') !== null;
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || isTyping) return;
      event.preventDefault();
      if (event.shiftKey) editor.redo();
      else editor.undo();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [editor]);
  const text = unsaved.size > 0 ? (isSaving ? t.saving : t.notSaved) : canUndo ? t.saved : isEdited ? t.edited : '';
  return (
    <>
      <span className="hint" role="status">
        {text}
      </span>
      {(canUndo || canRedo) && (
        <>
          <button
            type="button"
            className="icon"
            aria-label={t.undo}
            title={t.undo}
            disabled={!canUndo}
            onClick={editor.undo}
          >
            ↶
          </button>
          <button
            type="button"
            className="icon"
            aria-label={t.redo}
            title={t.redo}
            disabled={!canRedo}
            onClick={editor.redo}
          >
            ↷
          </button>
        </>
      )}
    </>
  );
}
