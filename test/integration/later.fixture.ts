/** Something that is to happen: `happen` says that it has, `happened` waits for it. */
export interface Later<T> {
  readonly happened: Promise<T>;
  happen(value: T): void;
}

export function later<T>(): Later<T> {
  let happen: (value: T) => void = () => undefined;
  const happened = new Promise<T>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}
