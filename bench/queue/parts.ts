// How the queue would share the workers where a long recording is given out in parts, played through in memory: npm run bench:parts.
// The recording stays one entry of the queue. A claim takes its next part and puts the entry back: at the round after it ("next round"), or where a job comes in
// that was there before others of its caller, which move back by one ("by arrival"). By the first rule a caller who has jobs beside has two in each round.
import assert from 'node:assert/strict';
import { openQueueModel, type QueuedJob } from '#src/store/contract/queue-model.ts';

type Rule = 'next round' | 'by arrival';

/** A job of so many parts, each of which takes a worker for so long. */
interface SplitJob extends QueuedJob {
  readonly name: string;
  /** Those that were not given out, or whose worker was lost. */
  readonly waiting: number[];
  readonly seconds: number;
  readonly comesAt: number;
}

/** A part that was given to a worker. */
interface Given {
  readonly job: SplitJob;
  readonly part: number;
  readonly from: number;
  readonly to: number;
}

let arrivals = 0;

function newJob(callerId: string, { parts = 1, seconds = 60, comesAt = 0, name = callerId } = {}): SplitJob {
  const waiting = Array.from({ length: parts }, (_, part) => part);
  return {
    name,
    callerId,
    waiting,
    seconds,
    comesAt,
    priority: 0,
    arrival: arrivals++,
    round: null,
    isSettling: false,
  };
}

const several = (count: number, callerId: string, options = {}) =>
  Array.from({ length: count }, () => newJob(callerId, options));

/** Gives out all parts, and says when which was begun. `loses`: a worker that runs this part dies at its end, once. */
function play(all: readonly SplitJob[], rule: Rule, { workers = 4, loses = [] as readonly number[] } = {}) {
  const jobs: SplitJob[] = [];
  const queue = openQueueModel(jobs);
  const coming = all.toSorted((a, b) => a.comesAt - b.comesAt || a.arrival - b.arrival);
  const given: Given[] = [];
  let running: Given[] = [];
  const lost = new Set(loses);
  /** Where the callers are together. */
  let latest = 1;

  function claim(time: number): boolean {
    const [job] = queue.order(jobs);
    if (job === undefined) return false;
    const part = job.waiting.shift();
    assert.ok(part !== undefined, 'an entry without parts is never given out');
    const round = job.round ?? 0;
    queue.begin(job);
    latest = Math.max(latest, round);
    if (job.waiting.length > 0 && rule === 'by arrival') queue.comeLate(job);
    else if (job.waiting.length > 0) job.round = Math.max(latest, round + 1);
    const next = { job, part, from: time, to: time + job.seconds };
    given.push(next);
    running.push(next);
    return true;
  }

  for (let time = 0; ; time = Math.min(...running.map(({ to }) => to), coming[0]?.comesAt ?? Infinity)) {
    for (const { job, part } of running.filter(({ to }) => to <= time)) {
      if (job.name !== 'split' || !lost.delete(part)) continue;
      job.waiting.unshift(part);
      job.round = 0;
    }
    running = running.filter(({ to }) => to > time);
    while (coming[0] !== undefined && coming[0].comesAt <= time) {
      const [job] = coming.splice(0, 1);
      if (job === undefined) break;
      jobs.push(job);
      queue.come(job);
    }
    while (running.length < workers && claim(time));
    if (running.length === 0 && coming.length === 0) return given;
  }
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const ofCaller = (given: readonly Given[], caller: string) => given.filter(({ job }) => job.callerId === caller);
const endOf = (given: readonly Given[]) => Math.max(...given.map(({ to }) => to));
const waitOf = (given: readonly Given[]) => given.map(({ from, job }) => from - job.comesAt);
const minutes = (seconds: number) => `${(seconds / 60).toFixed(0)} min`;
const say = (line: string) => process.stdout.write(`${line}\n`);

/** A day of audio: each part takes a worker ten minutes. */
const day = { parts: 48, seconds: 600, name: 'split' };
const rules: readonly Rule[] = ['next round', 'by arrival'];

function alone(): void {
  const [whole, split] = [{ ...day, parts: 1, seconds: 28_800 }, day].map((one) =>
    play([newJob('a', one)], 'by arrival'),
  );
  say(
    `A day of audio on 4 workers that nobody else wants: ${minutes(endOf(whole ?? []))} whole, ${minutes(endOf(split ?? []))} in parts.`,
  );
}

const others = () => Array.from({ length: 9 }, (_, caller) => several(100, `short ${caller}`)).flat();
const short = (given: readonly Given[]) => given.filter(({ job }) => job.callerId !== 'long');

/** One caller with a day in parts, nine with short jobs all the time. */
function besideShortJobs(rule: Rule): void {
  const whole = play([newJob('long', { ...day, parts: 1, seconds: 28_800 }), ...others()], rule);
  const split = play([newJob('long', day), ...others()], rule);
  const turns = split.flatMap(({ job }, at) => (job.callerId === 'long' ? [at] : []));
  const gaps = turns.slice(1).map((at, turn) => at - (turns[turn] ?? 0));
  say(
    `${rule}: beside 9 callers with 100 short jobs each, a part is begun every ${Math.min(...gaps)} to ${Math.max(...gaps)} claims; ` +
      `the day is done after ${minutes(endOf(ofCaller(split, 'long')))} (whole ${minutes(endOf(ofCaller(whole, 'long')))}), ` +
      `short jobs wait ${minutes(mean(waitOf(short(split))))} on average (whole ${minutes(mean(waitOf(short(whole))))}).`,
  );
}

/** Whether a caller with a day in parts and jobs beside it has more turns than a caller with jobs alone. */
function besideOwnJobs(rule: Rule): void {
  const given = play([newJob('both', day), ...several(100, 'both'), ...several(200, 'one')], rule, { workers: 1 });
  const early = given.slice(0, 80);
  say(
    `${rule}: of the first 80 claims ${ofCaller(early, 'both').length} are of the caller with a day in parts and 100 jobs, ${ofCaller(early, 'one').length} of the other.`,
  );
}

/** Who comes while ten days in parts are on their way. */
function lateComers(rule: Rule): void {
  const days = Array.from({ length: 10 }, (_, caller) => newJob(`day ${caller}`, day));
  const late = Array.from({ length: 20 }, (_, at) => newJob(`late ${at}`, { comesAt: 3600 + at * 60 }));
  const given = play([...days, ...late], rule);
  const waits = waitOf(given.filter(({ job }) => job.callerId?.startsWith('late')));
  say(
    `${rule}: who comes with one job while ten days in parts are on their way waits ${minutes(Math.max(...waits))} at most.`,
  );
}

/** Every part is begun once, and again where its worker was lost; then before all others. */
function lostParts(rule: Rule): void {
  const loses = [0, 7, 46, 47];
  const given = play([newJob('long', day), ...several(40, 'short')], rule, { loses });
  const parts = ofCaller(given, 'long').map(({ part }) => part);
  const counts = Array.from({ length: day.parts }, (_, part) => parts.filter((one) => one === part).length);
  assert.deepEqual(
    counts,
    counts.map((_, part) => (loses.includes(part) ? 2 : 1)),
  );
  say(`${rule}: each of 48 parts is begun once, and those of 4 lost workers once more, the last one included.`);
}

alone();
for (const rule of rules) {
  for (const scene of [besideShortJobs, besideOwnJobs, lateComers, lostParts]) scene(rule);
}
