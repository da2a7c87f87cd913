/**
 * Loaded before a program that another one has started over an IPC channel. The channel closes when that other one is gone, however it ended, and
 * then the program is told to stop, as by a user: nobody is left to do so.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel must not keep the program up when it has nothing more to do.
  process.channel.unref();
}
