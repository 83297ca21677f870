import { defineError } from './app-error';
import { codeOf, OperatorError, reportOf } from './report';

const Broken = defineError('BROKEN_FOR_A_TEST', 400, 'It is broken.');
const withCode = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('the report of a failure', () => {
  it.each([
    ['the code, where the message lacks it', withCode('no such table', '42P01'), 'no such table (42P01)'],
    ['the code once', withCode('listen EACCES: denied', 'EACCES'), 'listen EACCES: denied'],
    [
      'the cause',
      new OperatorError('No connection.', { cause: new Error('refused') }),
      'No connection.\n  because: refused',
    ],
    [
      'the cause once',
      new Broken({ detail: 'Line 1: no header.', cause: new Error('no header.') }),
      'BROKEN_FOR_A_TEST: Line 1: no header.',
    ],
    ['no cause without a message', new OperatorError('Gone.', { cause: new Error('') }), 'Gone.'],
  ])('says %s', (_what, error, said) => {
    expect(reportOf(error)).toBe(said);
  });
});

describe('the code of a failure', () => {
  it.each([
    ['ours', new Broken(), 'BROKEN_FOR_A_TEST'],
    [
      'of PostgreSQL',
      Object.assign(new Error('failed'), { driverError: withCode('no such table', '42P01') }),
      '42P01',
    ],
    ['of the system', withCode('listen EACCES: denied', 'EACCES'), 'EACCES'],
    ['of the first of several', new AggregateError([new Broken(), new Error('other')]), 'BROKEN_FOR_A_TEST'],
    ['that an operator can correct', new OperatorError('Set DATABASE_URL.'), 'OPERATOR_ERROR'],
    ['that nobody expected', new TypeError('undefined is not a function'), 'INTERNAL_ERROR'],
    ['that is no error', 'thrown', 'INTERNAL_ERROR'],
  ])('is one %s', (_what, error, code) => {
    expect(codeOf(error)).toBe(code);
  });
});
