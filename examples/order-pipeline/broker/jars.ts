import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const KAFKA_VERSION = '4.2.1';
const LOG4J_VERSION = '2.24.3';
const OLDEST_JAVA = 17;

/** Kafka from Maven Central. The log4j binding is what turns the broker's log on; Kafka's own tree stops at the API. */
function pom(): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir.example</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
${dependency('org.apache.logging.log4j', 'log4j-core', LOG4J_VERSION)}
</dependencies></project>
`;
}

/** Major version of the Java on the path, or undefined. */
export async function javaVersion(env: NodeJS.ProcessEnv = process.env): Promise<number | undefined> {
  try {
    const { stderr } = await run('java', ['-version'], { timeout: 20_000, env });
    const version = /version "(\d+)(?:\.(\d+))?/.exec(stderr);
    const major = Number(version?.[1]);
    return major === 1 ? Number(version?.[2]) : major;
  } catch {
    return undefined;
  }
}

/** Why no broker can be fetched and run here, or undefined when it can. */
export async function kafkaObstacle(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const java = await javaVersion(env);
  if (java === undefined) return 'Java is not installed';
  if (!(java >= OLDEST_JAVA)) return `Java ${java} is older than ${OLDEST_JAVA}`;
  if (existsSync(jarFolder(env))) return undefined;
  try {
    await run('mvn', ['--version'], { timeout: 30_000, env });
  } catch {
    return 'mvn (Maven) is not installed';
  }
  return undefined;
}

/** Where the jars are kept, outside the repository. */
export function jarFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir', `kafka-${KAFKA_VERSION}`, 'libs');
}

/**
 * The folder of the broker's jars, fetched with Maven the first time. The folder appears only when it is complete, so
 * a download cut off is begun again.
 */
export async function fetchJars(options: { log: (line: string) => void; timeoutMs: number }): Promise<string> {
  const libs = jarFolder();
  if (existsSync(libs)) return libs;
  const work = `${libs}-${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    writeFileSync(join(work, 'pom.xml'), pom());
    options.log(`fetching Kafka ${KAFKA_VERSION} from Maven Central (about 45 MB, once)`);
    await copyDependencies(work, options);
    const jars = readdirSync(join(work, 'jars'));
    if (!jars.includes(`kafka_2.13-${KAFKA_VERSION}.jar`)) throw new Error('Maven brought no broker');
    if (!existsSync(libs)) renameSync(join(work, 'jars'), libs);
    options.log(`${jars.length} jars are in ${libs}`);
    return libs;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function copyDependencies(work: string, options: { log: (line: string) => void; timeoutMs: number }): Promise<void> {
  const jars = join(work, 'jars');
  const args = ['-B', '-q', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies'];
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', [...args, `-DoutputDirectory=${jars}`, '-DincludeScope=runtime'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [maven.stdout, maven.stderr]) {
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-2000);
      });
    }
    const progress = setInterval(() => {
      const count = existsSync(jars) ? readdirSync(jars).length : 0;
      options.log(`fetching Kafka: ${count} jars so far`);
    }, 5000);
    const deadline = setTimeout(() => maven.kill('SIGKILL'), options.timeoutMs);
    const settle = (error?: Error) => {
      clearInterval(progress);
      clearTimeout(deadline);
      if (error === undefined) resolve();
      else reject(error);
    };
    maven.on('error', settle);
    maven.on('exit', (code, signal) => {
      if (code === 0) settle();
      else if (signal) settle(new Error(`Maven did not finish within ${options.timeoutMs / 1000} s`));
      else settle(new Error(`Maven failed: ${output.trim().split('\n').slice(-3).join(' ')}`));
    });
  });
}
