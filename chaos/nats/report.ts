import type { EngineKind } from "./hosts.ts";
import { TTL_MS, WINDOW_MS } from "./plan.ts";
import type { Protection } from "./plan.ts";

/** What is kept of a run. */
export interface Result {
  readonly seed: number;
  readonly minutes: number;
  readonly engine: EngineKind;
  /** Of the NATS server. */
  readonly version: string;
  readonly without?: Protection | undefined;
  readonly acts: Readonly<Record<string, number>>;
  readonly stoodStill?: number;
  readonly collectors: number;
  readonly leases: number;
  readonly written: number;
  readonly stored: number;
  readonly outOfOrder: number;
  readonly missing: number;
  readonly repeated: number;
  readonly repeatedByServer?: number;
  readonly foreign: number;
  readonly heldTwice: number;
}

/** docs/maintainers/chaos-nats.md, from what was kept of the runs. */
export function natsChaosPage(results: readonly Result[]): string {
  const whole = results.filter(({ without }) => without === undefined);
  const weakened = results.filter(({ without }) => without !== undefined);
  const lines = [
    "# Chaos past one machine",
    "",
    "Written by `npm run chaos:nats -- --report FILE`; do not edit.",
    "",
    "`npm run chaos:nats -- --seed N --minutes M` starts two Docker engines, one with 20 containers and one with 10, and three nodes of NATS on 127.0.0.1 that keep",
    "copies of everything. Three collectors are processes of their own: two share the first engine, and one has the other. The containers write short lines on both",
    "streams, bursts, lines of 21 KB, and now and then one line. The plan comes from the seed: collectors are killed (SIGKILL, and started again) or stopped (SIGSTOP,",
    "and SIGCONT later), all of them at once as well; nodes are killed or stopped, one at a time, and the next one only once the one before has all that the others have.",
    `A lease lasts ${TTL_MS} ms, the stream recognises a repeat for ${WINDOW_MS / 1_000} s, and buckets answer up to 100 ms late. In five minutes and more one of the two is also`,
    "stopped for longer than that window, while the other one lives.",
    "",
    "Then the containers are killed, and what the stream holds is compared with the json-file logs of the engines, line by line: every line of every container once.",
    "The collectors tell all the while which leases they hold: no lease may be held by two at the same moment. `--engine fake` takes the fake engine. Two minutes of it on real",
    "engines are `test/engine/nats.test.ts`, in the long suite.",
    "",
    "## Runs",
    "",
    ...table(whole),
    "",
    "Repeats by the server are two messages of one id within the window, which it has to recognise. Clusters of servers older than 2.11 do not always (nats-server's pull request",
    "6415: around elections of a leader).",
    "",
    "Lines out of order stand behind a later one of their container: a publish failed while others were on their way (`maxInFlight`, docs/scale.md).",
    "",
    "What was done in them, together:",
    "",
    "| act | times |",
    "| --- | ---: |",
    ...acts(whole),
    "",
    "## Without a protection",
    "",
    "`--without` takes a protection out of the collectors' processes, by a connection that drops a header, or by leaving out what the fence needs. Each of these runs must",
    "fail, and does. With the protections the same acts are harmless: they are among those of the runs above.",
    "",
    "- **message ids**: messages have none. Three times all collectors are killed: what was published and not saved comes again.",
    "- **compare-and-set**: writes to buckets ask for no revision. Three times all collectors are killed and started again, so that two ask for the same leases at once;",
    "  buckets answer up to 600 ms late.",
    "- **fencing**: the pool is not told that a lease is lost, and sink and store do not know the leases. One collector after the other is stopped for longer than the window.",
    "",
    ...table(weakened),
    "",
    "## What it has found",
    "",
    "- A pool that had the lease and could not load the position, as NATS did not answer, began at the next try from where the container stood when it was discovered: hours of lines",
    '  again. `test/pool/leases.test.ts`: "one that has the lease and can\'t load the position goes on from there once it can".',
    '- A lease that was lost while the position was being loaded: the container was followed without a lease from then on, and its lines went nowhere. "one that loses the lease',
    '  while it loads the position follows nothing before it has it again".',
    '- A pool that lost a lease and had it again while its sink still retried lines from before: those counted as its own, and its position moved back. "one whose sink still has',
    '  lines from before it lost the lease takes it again only once they are through".',
    '- Each lost lease counted as a failure to follow, so that a pool which had lost several stood by only after up to a minute. "one that has lost its leases often asks for them',
    '  again as soon as one that lost them once".',
    '- A lease that was asked for again while it was being given back could be held twice, where the server did the second first. `test/nats/leases.test.ts`: "what is asked for again while',
    '  it is being given back is held by one owner".',
    "- `tailNats` with `follow: false` ended too early where its consumer was served by a node that lagged behind.",
    "- A save of positions that failed was tried again after up to half a minute, which is longer than a collector may live: it is five seconds now.",
    "- A NATS whose next node is killed before the one before has caught up can stay without a quorum for a minute. That is longer than a short duplicate window, and then what was",
    "  on its way is stored twice: the window has to be longer than the longest outage.",
    "- Two collectors that waited for a dead one's lease could both have it, where they asked within the same moment: a cluster of NATS 2.9 checks a revision before it writes, and",
    "  not while it does. Ids kept the lines exact, and the newer holder's token the position. Whoever takes a lease from another one asks a second time now, a tenth of its time later:",
    '  of two the last one passes again. `test/nats/leases.test.ts`: "of two who wait for a holder that is dead one has it, where the server checks revisions before it writes".',
    "- A holder's entry that is absent was taken for one that was given back. A new leader of an old cluster may answer before it has all entries: only a write tells now. \"is kept where",
    "  whoever waits reads from a node that does not have the holder's session yet\".",
    '- `tailNats` failed at its beginning where a cluster of NATS 2.9 put its consumer on a node that was down: it asks for another one. `test/nats/tail.test.ts`: "asks for another',
    '  consumer where NATS does not answer, as a cluster does that puts it on a node that is away".',
    '- `tailNats` waited for ever where its consumer was served by a node that lacked messages for good: it asks for another one. "asks for another consumer where the one it has is on a',
    '  node that lacks what the leader has".',
    '- A batch went on by a subscription for its answers that NATS had taken away. `test/nats/publishing.test.ts`: "a batch whose answers had no way any more goes on by a new one".',
    "",
    "## Clusters older than 2.11",
    "",
    "A stream of a NATS 2.9.10 cluster stands still now and then after elections, on a busy machine for up to 99 s in these runs. It has a leader and current replicas, `/healthz` of",
    "all nodes says ok, the other streams answer, and a message of a client that is no collector is not answered either: the run asks by one that the nodes have to refuse together. The",
    'leader logs "has high message lag", which is a number below zero: it counts messages that were refused (repeats, and writes of an old revision) otherwise than when it led before,',
    "and passes over all it is sent until it has caught up with itself (nats-server's pull requests 4365, 4366 and 5179). Collectors say `JetStream has acknowledged none of 256 messages",
    "for 2000 ms` in their health meanwhile, and keep no more than a batch and their buffers. Once the leader is started again the lines come: the run does so after 15 s, as whoever runs",
    "a cluster has to, and counts it (column restarted). What stands still for longer than the duplicate window may be stored twice, as after any outage that is longer.",
    "",
    "The same fault makes a node pass over messages that the leader stores and acknowledges (4365 says so), and call itself current: after one run the leader held 212,812 messages, which",
    "were all that was published, by their ids, and all acknowledged; its replicas held 4 and 28 fewer. Once such a replica leads they are gone, and no collector can tell. What two of the",
    "runs above miss, 79 lines and 4, has most likely gone so; it is not proved of them. Ten minutes of this on 2.9.10 are not exact for certain: a cluster has to be of 2.11 or later.",
    "",
    "A run on a server of 2.11 or later fails where it has to start a node again.",
    "",
  ];
  return lines.join("\n");
}

function table(results: readonly Result[]): string[] {
  const rows = results.map((one) => {
    const wrong = one.missing + one.repeated + one.foreign + one.heldTwice;
    const cells = [
      one.without ?? `seed ${one.seed}, ${one.minutes} min`,
      `${one.engine}, NATS ${one.version}`,
      one.collectors,
      one.leases,
      one.written.toLocaleString("en-US"),
      one.missing.toLocaleString("en-US"),
      one.repeated.toLocaleString("en-US"),
      (one.repeatedByServer ?? 0).toLocaleString("en-US"),
      one.foreign.toLocaleString("en-US"),
      one.outOfOrder.toLocaleString("en-US"),
      one.stoodStill ?? 0,
      one.heldTwice,
      wrong === 0 ? "each line once" : "**fails**",
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| run | engines | processes | leases | lines written | missing | repeated | by the server | foreign | out of order | restarted | held by two | outcome |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ...rows,
  ];
}

function acts(results: readonly Result[]): string[] {
  const times = new Map<string, number>();
  for (const result of results)
    for (const [kind, count] of Object.entries(result.acts))
      times.set(kind, (times.get(kind) ?? 0) + count);
  return [...times]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([kind, count]) => `| ${kind} | ${count} |`);
}
