/** A thread that hangs in its third execution, as a target with an endless loop would. */
import { workerData } from 'node:worker_threads';
import { type Job, watcherOf } from './job.ts';
import { bytesOf } from './target.ts';

const watcher = watcherOf(workerData as Job);
for (const [executions, input] of ['a', 'b', 'loop'].entries()) watcher.proceed(executions, bytesOf(input));
for (;;) Math.random();
