const MIB = 1_048_576;

/** Memory that one request holds until its client has sent or read the rest. */
export interface Hold {
  /** Says how much it is now. */
  set(bytes: number): void;
  release(): void;
}

interface Held {
  owner: string;
  bytes: number;
  giveWay: () => void;
}

/**
 * Bound of the memory that requests hold while they wait for their clients. When it is reached, the oldest request of the owner who
 * holds most gives way: if newcomers were refused instead, a few slow clients could shut out all others. One that does not fit by
 * itself gives way alone.
 */
export class HeldMemory {
  private bytes = 0;
  /** The oldest first. */
  private readonly all = new Set<Held>();
  private readonly byOwner = new Map<string, number>();

  constructor(private readonly most: number) {}

  isHalfFull(): boolean {
    return this.bytes > this.most / 2;
  }

  /**
   * @param giveWay ends the request; nothing is held for it by then
   * @param owner who is to give way to others; by default all requests have one
   */
  hold(bytes: number, giveWay: () => void, owner = ''): Hold {
    const held = { owner, bytes: 0, giveWay };
    this.all.add(held);
    this.set(held, bytes);
    return { set: (size) => this.set(held, size), release: () => this.release(held) };
  }

  private set(held: Held, bytes: number): void {
    if (!this.all.has(held)) return;
    this.count(held, bytes);
    while (this.bytes > this.most) {
      const one = held.bytes > this.most ? held : this.oldestOf(this.largestOwner());
      this.release(one);
      one.giveWay();
    }
  }

  private release(held: Held): void {
    if (this.all.delete(held)) this.count(held, 0);
  }

  private count(held: Held, bytes: number): void {
    const more = bytes - held.bytes;
    held.bytes = bytes;
    this.bytes += more;
    const ofOwner = (this.byOwner.get(held.owner) ?? 0) + more;
    if (ofOwner > 0) this.byOwner.set(held.owner, ofOwner);
    else this.byOwner.delete(held.owner);
  }

  private largestOwner(): string {
    return [...this.byOwner].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
  }

  private oldestOf(owner: string): Held {
    for (const held of this.all) if (held.owner === owner) return held;
    throw new Error('memory is counted for an owner without a request');
  }
}

/** Bodies that arrive at the servers of this process. V8 frees buffers that gave way only when they take as much again, and more. */
export const arrivingBodies = new HeldMemory(16 * MIB);

/** Answers that clients of this process have not read yet; their owner is a shop, or else an address. */
export const unreadAnswers = new HeldMemory(32 * MIB);
