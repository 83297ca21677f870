import { Injectable } from '@nestjs/common';
import { ShuttingDown } from '../../common/common.errors';

const RETRY_SECONDS = 5;

/** State of this process towards load balancers: from the beginning of a stop on, they shall send requests elsewhere. */
@Injectable()
export class Readiness {
  private isOver = false;

  end(): void {
    this.isOver = true;
  }

  /** @throws ShuttingDown */
  assert(): void {
    if (this.isOver) throw new ShuttingDown({ retryAfter: RETRY_SECONDS });
  }
}
