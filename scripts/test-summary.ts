import { readFileSync } from 'node:fs';

/** The parts of vitest's JSON report that are counted. */
export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  /** Everything that did not pass: a line that names it, and for a failure the first lines of why. */
  readonly problems: readonly string[];
}

/**
 * Counts a run. Anything that is neither passed nor failed (skipped, pending, todo, disabled) counts as failed: a test
 * that did not run has shown nothing. A file that could not be collected is one failure, and so is a run of no tests.
 */
export function summarize(report: TestReport): TestSummary {
  let passed = 0;
  const problems: string[] = [];
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed++;
      else
        problems.push([`${test.status}: ${file.name}: ${test.fullName}`, ...reasons(test.failureMessages)].join('\n'));
    }
    const failedAlone = file.status !== 'passed' && file.assertionResults.every((test) => test.status === 'passed');
    if (failedAlone) problems.push(`failed: ${file.name}: ${(file.message ?? 'did not run').split('\n')[0]}`);
  }
  if (passed === 0 && problems.length === 0) problems.push('failed: no test ran');
  return { passed, failed: problems.length, problems };
}

const REASON_LINES = 12;

function reasons(messages: readonly string[] = []): string[] {
  return messages.flatMap((message) => message.split('\n').slice(0, REASON_LINES)).map((line) => `  ${line}`);
}

/** `node scripts/test-summary.ts REPORT`: the problems on stderr, `passed failed` on stdout. */
if (import.meta.main) {
  const summary = summarize(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as TestReport);
  for (const problem of summary.problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`${summary.passed} ${summary.failed}\n`);
}
