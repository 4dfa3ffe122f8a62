/**
 * Tells the garbage collector that `bytes` were taken which it cannot see. The engine frees what it holds for a
 * connection when the collector finds the connection's object, and that one looks too small to be worth a search: a
 * dozen refused certificates would keep a hundred megabytes for an hour. Memory that is never touched, and so never
 * really given, is what it does see.
 */
export function announceMemory(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes);
}
