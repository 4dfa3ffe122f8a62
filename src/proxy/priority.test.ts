import { describe, expect, it } from 'vitest';
import type { FieldLines, RequestStream } from '../h3/port.ts';
import { prioritise } from './priority.ts';

/** What `prioritise` asks of the stream; undefined when it leaves the default. */
function priorityOf(request: FieldLines, message: FieldLines = request): [number, boolean] | undefined {
  let asked: [number, boolean] | undefined;
  const setPriority: RequestStream['setPriority'] = (urgency, incremental) => {
    asked = [urgency, incremental];
  };
  prioritise({ setPriority } as RequestStream, request, message);
  return asked;
}

describe('priority of a message', () => {
  it('is the usual one when nobody says anything', () => {
    expect(priorityOf([], ['content-length', '1000000'])).toBeUndefined();
    expect(priorityOf([], [':status', '200'])).toBeUndefined();
  });

  it('is behind the others for bulk', () => {
    expect(priorityOf([], ['content-length', '1000001'])).toEqual([4, true]);
  });

  it.each<[string, [number, boolean] | undefined]>([
    ['u=0', [0, true]],
    ['u=7, i', [7, true]],
    ['i=?0', [3, false]],
    ['u=5,i=?0', [5, false]],
    ['i, u=1', [1, true]],
    ['u=8', undefined],
    ['u=12', undefined],
    ['nonsense', undefined],
  ])('is what the request asks for: %s', (value, expected) => {
    expect(priorityOf(['priority', value], ['content-length', '5'])).toEqual(expected);
  });

  it('is what the response says rather than the request', () => {
    expect(priorityOf(['priority', 'u=5, i=?0'], ['priority', 'u=1'])).toEqual([1, false]);
  });

  it('of an upload is decided by the request alone', () => {
    const upload = ['content-length', '5000000'];
    expect(priorityOf(upload)).toEqual([4, true]);
  });
});
