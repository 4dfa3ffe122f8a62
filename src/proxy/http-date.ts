/** The time as Date has it (RFC 9110 §5.6.7), made once a second. */
export function httpDate(): string {
  const now = Date.now();
  if (now >= expires) {
    current = new Date(now).toUTCString();
    expires = now - (now % 1000) + 1000;
  }
  return current;
}

let current = '';
let expires = 0;
