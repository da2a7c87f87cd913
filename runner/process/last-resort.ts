import { signalGroup } from './process-group.ts';

const groups = new Set<number>();
let isListening = false;

/**
 * Kills a process group should this process exit before the answer is disposed of, as it does when somebody hurries. A server that is killed cannot
 * do so: then its children end by their lifeline, and the next start looks after what they have left.
 */
export function endWithUs(group: number): Disposable {
  if (!isListening) process.on('exit', killAll);
  isListening = true;
  groups.add(group);
  return {
    [Symbol.dispose]: () => {
      groups.delete(group);
    },
  };
}

function killAll(): void {
  for (const group of groups) signalGroup(group, 'SIGKILL');
}
