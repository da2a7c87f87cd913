// Loaded before a program: its clock is as many hours off as the file in SET_CLOCK_FILE says, read at every look. Only what is told by Date is set, as
// when somebody sets the wall clock; timers and performance.now run on.
import { readFileSync } from 'node:fs';

const file = process.env['SET_CLOCK_FILE'] ?? '';
const RealDate = Date;

function now(): number {
  return RealDate.now() + Number.parseFloat(readFileSync(file, 'utf8')) * 3_600_000;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args): object => Reflect.construct(target, args.length === 0 ? [now()] : args),
  get: (target, key, receiver: unknown): unknown => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});
