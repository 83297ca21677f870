const MIB = 1_048_576;

/** Memory that one request holds until its client has sent or read the rest. */
export interface Hold {
  /** Says how much it is now. */
  set(bytes: number): void;
  release(): void;
}

interface Held {
  bytes: number;
  giveWay: () => void;
}

/**
 * Bound of the memory that requests hold while they wait for their clients. The one that has held some for longest gives way: if
 * newcomers were refused instead, a few slow clients could shut out all others.
 */
export class HeldMemory {
  private bytes = 0;
  /** The oldest first. */
  private readonly all = new Set<Held>();

  constructor(private readonly most: number) {}

  isHalfFull(): boolean {
    return this.bytes > this.most / 2;
  }

  /** @param giveWay ends the request; nothing is held for it by then */
  hold(bytes: number, giveWay: () => void): Hold {
    const held = { bytes: 0, giveWay };
    this.all.add(held);
    this.set(held, bytes);
    return { set: (size) => this.set(held, size), release: () => this.release(held) };
  }

  private set(held: Held, bytes: number): void {
    if (!this.all.has(held)) return;
    this.bytes += bytes - held.bytes;
    held.bytes = bytes;
    for (const oldest of this.all) {
      if (this.bytes <= this.most) return;
      this.release(oldest);
      oldest.giveWay();
    }
  }

  private release(held: Held): void {
    if (this.all.delete(held)) this.bytes -= held.bytes;
  }
}

/** Bodies that arrive at the servers of this process. V8 frees buffers that gave way only when they take as much again, and more. */
export const arrivingBodies = new HeldMemory(16 * MIB);

/** Answers that clients of this process have not read yet. */
export const unreadAnswers = new HeldMemory(32 * MIB);
