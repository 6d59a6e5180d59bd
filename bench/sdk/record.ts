/**
 * What pathways cost a record, without a broker: the calls that instrumented clients make, in nanoseconds.
 * `node bench/sdk/record.ts`
 */
import { Pathways } from '../../sdk/src/pathway.ts';
import { Recorder } from '../../sdk/src/recorder.ts';

const RECORDS = 1_000_000;
const ROUNDS = 5;
const recorder = new Recorder('bench');
recorder.active = true;
const pathways = new Pathways(recorder);
const place = { system: 'kafka', destination: 'orders' };
const out = recorder.route({ ...place, direction: 'out', group: '' });
const received = recorder.route({ ...place, direction: 'in', group: 'group' });

const headers: Buffer[] = [];
for (let i = 0; i < 1000; i++) {
  const sending = pathways.send(out);
  headers.push(Buffer.from(sending.header()));
  sending.end();
}

function sendMany(count: number): void {
  const sending = pathways.send(out);
  for (let i = 0; i < count; i++) sending.header();
  sending.end();
}

const one = () => pathways.receive(received, headers[0]);
const cases: Record<string, (records: number) => void> = {
  'a record received': (records) => {
    for (let i = 0; i < records; i++) pathways.receive(received, headers[i % 1000]);
  },
  'a record received and handled in its context': (records) => {
    for (let i = 0; i < records; i++) {
      pathways.handling.run(pathways.receive(received, headers[i % 1000]), () => {});
    }
  },
  'a message sent by itself': (records) => {
    pathways.handling.run(one(), () => {
      for (let i = 0; i < records; i++) sendMany(1);
    });
  },
  'a message of a hundred sent together': (records) => {
    pathways.handling.run(one(), () => {
      for (let i = 0; i < records / 100; i++) sendMany(100);
    });
  },
  'a record of a batch of 1000, received and sent on': (records) => {
    for (let i = 0; i < records / 1000; i++) {
      pathways.handling.run(pathways.receiveBatch(received, headers), () => sendMany(1000));
    }
  },
};

for (const [name, run] of Object.entries(cases)) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begun = process.hrtime.bigint();
    run(RECORDS);
    return Number(process.hrtime.bigint() - begun) / RECORDS;
  });
  const median = rounds.toSorted((a, b) => a - b)[ROUNDS >> 1] as number;
  console.log(`${name.padEnd(52)} ${median.toFixed(0).padStart(5)} ns`);
}
