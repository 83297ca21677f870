import { defineError } from '../../common/app-error';

export const JobNotFound = defineError(
  'JOB_NOT_FOUND',
  404,
  'There is no such job; one that is done is gone.',
);
export const JobRunning = defineError('JOB_RUNNING', 409, 'The job is being done at the moment.');
