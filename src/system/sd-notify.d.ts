/** What is used of sd-notify: sd_notify(3). */
declare module 'sd-notify' {
  const api: { sendState(state: string): void };
  export = api;
}
