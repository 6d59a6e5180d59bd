import * as kafka from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeClassicGroups,
  describeConsumerGroups,
  describeShareGroupOffsets,
  describeShareGroups,
  listGroups,
} from '../../../../collector/receivers/kafka-lag/protocol/groups.ts';
import { apiVersions, metadata } from '../../../../collector/receivers/kafka-lag/protocol/metadata.ts';
import {
  findCoordinators,
  listOffsets,
  offsetFetch,
} from '../../../../collector/receivers/kafka-lag/protocol/offsets.ts';
import {
  describeLogDirs,
  describeTopicConfigs,
} from '../../../../collector/receivers/kafka-lag/protocol/topic-details.ts';
import { Answer, type Call, Request } from '../../../../collector/receivers/kafka-lag/protocol/wire.ts';
import { WeirError } from '../../../../core/errors.ts';

const answer = (hex: string, flexible = true) => new Answer(Buffer.from(hex.replaceAll(' ', ''), 'hex'), flexible);

describe('an answer', () => {
  it('has numbers, texts and arrays in the flexible spelling', () => {
    const read = answer('ff 7fff 80000000 000000000000012c 04 6b 61 66 00 01 03 00 00 00 07 00 00 00 08');
    expect([read.int8(), read.int16(), read.int32(), read.int64()]).toEqual([-1, 32_767, -2_147_483_648, 300]);
    // A text, a null text, an empty one, then an array of two.
    expect([read.text(), read.text(), read.text()]).toEqual(['kaf', '', '']);
    expect([read.count(), read.int32(), read.int32()]).toEqual([2, 7, 8]);
  });

  it('has them in the older spelling', () => {
    const read = answer('0003 6b6166 ffff 0000 00000002 00000007 00000008 ffffffff', false);
    expect([read.text(), read.text(), read.text()]).toEqual(['kaf', '', '']);
    expect([read.skipInt32s(), read.count()]).toEqual([2, 0]);
    read.tags();
  });

  it('has long lengths, and tagged fields that are passed over', () => {
    const text = 'x'.repeat(300);
    const read = answer(`ad02 ${Buffer.from(text).toString('hex')} 02 00 01 aa 05 02 bbcc 07`);
    expect(read.text()).toBe(text);
    read.tags();
    expect(read.int8()).toBe(7);
  });

  it('has exact integers up to 2^53, negative ones too', () => {
    const values = [0, -1, -2, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1, 1_795_292_424_708];
    for (const value of values) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(BigInt(value));
      expect(new Answer(bytes, true).int64()).toBe(value);
    }
    expect(Number.isSafeInteger(answer('7fffffffffffffff').int64())).toBe(false);
  });

  it('has ids by their first 48 bits, and none that is all zeros', () => {
    expect(answer('0123456789ab 0000 0000000000000000').uuid48()).toBe(0x0123456789ab);
    expect(answer('000000000000 0000 0000000000000001').uuid48()).toBe(0);
    expect(answer('00'.repeat(16)).uuid48()).toBeUndefined();
  });

  it('that ends too early, or counts more than there is, is refused', () => {
    expect(() => answer('0000').int32()).toThrow(/4 bytes wanted at 0, 2 in all/);
    expect(() => answer('7f 00').count()).toThrow(/an array of 126/);
    expect(() => answer('ffffffffff').count()).toThrow(/length without an end/);
    expect(() => answer('7fffffff', false).count()).toThrow(WeirError);
    expect(() => answer('0a 6b').text()).toThrow(WeirError);
  });
});

describe('a request', () => {
  it('is what an answer reads', () => {
    const values = fc.record({
      small: fc.integer({ min: -32_768, max: 32_767 }),
      middle: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      large: fc.maxSafeInteger(),
      texts: fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 20 }),
      flexible: fc.boolean(),
    });
    fc.assert(
      fc.property(values, ({ small, middle, large, texts, flexible }) => {
        const request = new Request(flexible);
        request.int16(small);
        request.int32(middle);
        request.int64(large);
        request.texts(texts);
        request.text(null);
        request.tags();
        request.count(null);
        request.boolean(true);
        const read = new Answer(request.bytes, flexible);
        expect([read.int16(), read.int32(), read.int64()]).toEqual([small, middle, large]);
        expect(Array.from({ length: read.count() }, () => read.text())).toEqual(texts);
        expect(read.text()).toBe('');
        read.tags();
        expect([read.count(), read.boolean()]).toEqual([0, true]);
      }),
      { numRuns: 30 },
    );
  });
});

/** Every call, as it is made. */
const CALLS: readonly Call<unknown>[] = [
  apiVersions,
  metadata({ cluster() {}, broker() {}, topic() {}, partition() {} }),
  listOffsets(0, [{ topic: 'orders', partitions: [0, 1], timestamps: [-1, 5] }], () => {}),
  offsetFetch(['billing'], { group() {}, partition() {} }),
  findCoordinators(['billing']),
  listGroups,
  describeClassicGroups(['billing']),
  describeConsumerGroups(['billing']),
  describeShareGroups(['billing']),
  describeShareGroupOffsets(['billing']),
  describeTopicConfigs(['orders'], ['retention.ms']),
  describeLogDirs(() => {}),
];

describe('a call', () => {
  const topics = [{ topic: 'orders', partitions: [0, 7], timestamps: [-1, 1_700_000_000_000] }];
  const partitions = [
    { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n },
    { partitionIndex: 7, currentLeaderEpoch: -1, timestamp: 1_700_000_000_000n },
  ];
  const listed = [{ name: 'orders', partitions }];
  const groups = ['billing', 'größer'];
  const fetched = groups.map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: null }));
  const resources = [{ resourceType: 2, resourceName: 'orders', configurationKeys: ['retention.ms'] }];
  const none = { group() {}, partition() {} };

  it.each<[Call<unknown>, number, () => { buffer: Buffer }]>([
    [
      metadata({ cluster() {}, broker() {}, topic() {}, partition() {} }),
      8,
      () => kafka.metadataV8.createRequest(null as never, false, false, false),
    ],
    [
      metadata({ cluster() {}, broker() {}, topic() {}, partition() {} }),
      12,
      () => kafka.metadataV12.createRequest(null as never, false, false),
    ],
    [listOffsets(1, topics, () => {}), 3, () => kafka.listOffsetsV3.createRequest(-1, 1, listed)],
    [listOffsets(1, topics, () => {}), 5, () => kafka.listOffsetsV5.createRequest(-1, 1, listed)],
    [listOffsets(1, topics, () => {}), 9, () => kafka.listOffsetsV9.createRequest(-1, 1, listed)],
    [offsetFetch(groups, none), 8, () => kafka.offsetFetchV8.createRequest(fetched as never, false)],
    [offsetFetch(groups, none), 9, () => kafka.offsetFetchV9.createRequest(fetched as never, false)],
    [findCoordinators(groups), 4, () => kafka.findCoordinatorV4.createRequest(0, groups)],
    [findCoordinators(groups), 6, () => kafka.findCoordinatorV6.createRequest(0, groups)],
    [listGroups, 5, () => kafka.listGroupsV5.createRequest([], [])],
    [describeClassicGroups(groups), 4, () => kafka.describeGroupsV4.createRequest(groups, false)],
    [describeClassicGroups(groups), 5, () => kafka.describeGroupsV5.createRequest(groups, false)],
    [describeConsumerGroups(groups), 0, () => kafka.consumerGroupDescribeV0.createRequest(groups, false)],
    [
      describeTopicConfigs(['orders'], ['retention.ms']),
      4,
      () => kafka.describeConfigsV4.createRequest(resources as never),
    ],
    [describeLogDirs(() => {}), 4, () => kafka.describeLogDirsV4.createRequest(null as never)],
  ])('$name is written byte for byte as the client writes it, in version %i', (call, version, written) => {
    const request = new Request(version >= call.flexible);
    call.write(request, version);
    expect(request.bytes.toString('hex')).toBe(written().buffer.toString('hex'));
  });
});

describe('any call', () => {
  const versions = CALLS.flatMap((call) =>
    Array.from({ length: call.newest - call.oldest + 1 }, (_, i) => [call.name, call.oldest + i, call] as const),
  );

  it.each(versions)('%s version %i reads any bytes, or says that it cannot', (_, version, call) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          call.read(new Answer(Buffer.from(bytes), version >= call.flexible), version);
        } catch (error) {
          expect(error).toBeInstanceOf(WeirError);
          expect((error as WeirError).code).toBe('collector_kafka_lag_malformed');
        }
      }),
      { numRuns: 60 },
    );
  });
});
