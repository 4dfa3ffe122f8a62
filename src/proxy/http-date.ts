/** The time as Date has it (RFC 9110 §5.6.7), made once a second. */
export function httpDate(): string {
  const now = Date.now();
  // Also when the clock was put back.
  if (now < second || now >= second + 1000) {
    current = new Date(now).toUTCString();
    second = now - (now % 1000);
  }
  return current;
}

let current = '';
let second = Number.NEGATIVE_INFINITY;
