import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The newest version of the exporter that the module proxy hands out. */
export const COLLECTOR_VERSION = 'v0.161.0';

const GO_MOD = `module bench.local/otelcol

go 1.26

require (
	github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter ${COLLECTOR_VERSION}
	go.opentelemetry.io/collector/exporter/nopexporter ${COLLECTOR_VERSION}
	go.opentelemetry.io/collector/otelcol ${COLLECTOR_VERSION}
	go.opentelemetry.io/collector/processor/batchprocessor ${COLLECTOR_VERSION}
	go.opentelemetry.io/collector/receiver/otlpreceiver ${COLLECTOR_VERSION}
)
`;

const MAIN_GO = `package main

import (
	"log"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

func components() (otelcol.Factories, error) {
	f := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	var err error
	if f.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return f, err
	}
	if f.Processors, err = otelcol.MakeFactoryMap[processor.Factory](batchprocessor.NewFactory()); err != nil {
		return f, err
	}
	f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](clickhouseexporter.NewFactory(), nopexporter.NewFactory())
	return f, err
}

func main() {
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol-bench", Version: "${COLLECTOR_VERSION}"},
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			DefaultScheme:     "file",
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
		}},
	}
	if err := otelcol.NewCommand(settings).Execute(); err != nil {
		log.Fatal(err)
	}
}
`;

/**
 * The OpenTelemetry Collector with what the comparison needs (OTLP receiver, batch processor, ClickHouse and nop exporters),
 * built once by Go from the module proxy into a cache outside the repository. Returns the program's path.
 */
export function buildCollector(cache = join(homedir(), '.cache', 'weir-bench')): string {
  const folder = join(cache, `otelcol-${COLLECTOR_VERSION}`);
  const program = join(folder, 'otelcol');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'go.mod'), GO_MOD);
  writeFileSync(join(folder, 'main.go'), MAIN_GO);
  const go = (...words: string[]) =>
    execFileSync('nice', ['-n', '10', 'go', ...words], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  go('mod', 'tidy');
  go('build', '-trimpath', '-o', 'otelcol', '.');
  return program;
}
