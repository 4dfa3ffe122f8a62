import { type LogFn, type Logger, type LoggerOptions, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { LogOutput, toDescriptor, type Write } from './log-output.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'pretty' | 'json';

/** Hears of warnings and errors besides. */
export type OnProblem = (level: 'warn' | 'error', message: string) => void;

/**
 * The log, on standard output. `json` is one object a line with the time in ISO 8601; `pretty` is for people. Control
 * characters in a message are escaped, so that a line is one line.
 */
export function createLogger(
  level: LogLevel,
  format: LogFormat,
  write: Write = standardOutput(),
  onProblem: OnProblem = () => {},
): Logger {
  const output = new LogOutput(write, (lines, code) =>
    logger.warn({ lost: lines, code }, `${lines} log lines could not be written: ${code}`),
  );
  process.once('exit', () => output.flush());
  const options = { name: 'ptproxy', level, hooks: { logMethod: onOneLine(onProblem) } };
  const logger =
    format === 'json' ? pino({ ...options, ...JSON_LINES }, output) : prettyLogger(options, output);
  return logger;
}

/** The same log, for lines that are wanted whatever the level of other lines is. */
export function alwaysTold(logger: Logger): Logger {
  const told = logger.child({});
  // Not as an option: a child that is made with its parent's level follows its parent.
  told.level = 'info';
  return told;
}

const STANDARD_OUTPUT = 1;

function standardOutput(): Write {
  // To have looked at it is what makes a pipe one that says EAGAIN, instead of stopping the program until it is read.
  void process.stdout;
  return toDescriptor(STANDARD_OUTPUT);
}

const JSON_LINES = {
  base: { name: 'ptproxy' },
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label: string) => ({ level: label }) },
};

function prettyLogger(options: LoggerOptions, output: LogOutput): Logger {
  const prettify = prettyFactory({
    translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'",
    ignore: 'pid,hostname',
    singleLine: true,
    colorize: process.stdout.isTTY === true,
  });
  return pino(options, { write: (line: string) => output.write(prettify(line)) });
}

function onOneLine(onProblem: OnProblem) {
  return function (this: Logger, args: Parameters<LogFn>, method: LogFn, level: number): void {
    const [details, message] = args;
    const line = message?.replace(CONTROL, escaped);
    if (level >= WARN) onProblem(level >= ERROR ? 'error' : 'warn', line ?? '');
    method.call(this, details, line);
  };
}

/** Numbers that pino has for its levels. */
const WARN = 40;
const ERROR = 50;

const CONTROL = /[^ -~\xa0-\uffff]/g;

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
