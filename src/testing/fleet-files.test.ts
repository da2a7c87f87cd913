import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '#src/config/config.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'examples/fleet');
const roles = ['api', 'worker'];

/** Throws where a variable names no setting, or has a value that its setting does not take. */
function requireSettings(environment: Readonly<Record<string, string>>): void {
  const filled = Object.entries(environment).map(([name, text]) => [name, text.replaceAll(/\$\{[^}]*\}/gu, 'secret')]);
  readConfig(root, Object.fromEntries(filled));
}

test('the nodes of the Compose file have settings that there are, and everything that they name', () => {
  const { services, volumes } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true });
  const nodes = Object.entries<any>(services).filter(([, { image }]) => image === 'phonograph');
  assert.deepEqual(new Set(nodes.flatMap(([, { command }]) => command)), new Set(roles));
  for (const [, { environment }] of nodes) requireSettings(environment);
  const mounted = Object.values<any>(services).flatMap((service) => service.volumes ?? []);
  const named = mounted.map((mount: string) => mount.split(':')[0] ?? '').filter((name) => !name.startsWith('.'));
  assert.deepEqual(new Set(named), new Set(Object.keys(volumes)));
  const proxy = services.nginx.networks.default.ipv4_address;
  for (const [, { environment }] of nodes) assert.equal(environment.PHONOGRAPH_TRUSTED_PROXIES, proxy);
  const upstreams = readFileSync(join(folder, 'nginx.conf'), 'utf8').matchAll(/server (?<name>[\w-]+):4000;/gu);
  const api = nodes.filter(([, { command }]) => command[0] === 'api').map(([name]) => name);
  assert.deepEqual(new Set([...upstreams].map(({ groups }) => groups?.['name'])), new Set(api));
});

test('the manifests for Kubernetes have settings that there are, and name each other', () => {
  const manifests: any[] = globSync(join(folder, 'kubernetes/*.yaml')).flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS()),
  );
  const kinds = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
  const [[secret], [map], [service]] = ['Secret', 'ConfigMap', 'Service'].map(kinds) as [any[], any[], any[]];
  const deployments = kinds('Deployment');
  assert.deepEqual(new Set(deployments.flatMap(({ spec }) => spec.template.spec.containers[0].args)), new Set(roles));
  for (const { spec } of deployments) {
    const { labels } = spec.template.metadata;
    assert.deepEqual(spec.selector.matchLabels, labels);
    const { containers, initContainers = [], volumes } = spec.template.spec;
    const [{ env = [], envFrom, ports, livenessProbe, readinessProbe }] = containers;
    const own = Object.fromEntries(env.map((each: any) => [each.name, each.value]));
    requireSettings({ ...secret.stringData, ...map.data, ...own });
    assert.deepEqual(envFrom, [
      { secretRef: { name: secret.metadata.name } },
      { configMapRef: { name: map.metadata.name } },
    ]);
    const mounts = [...containers, ...initContainers].flatMap((container: any) => container.volumeMounts);
    assert.deepEqual(new Set(mounts.map(({ name }: any) => name)), new Set(volumes.map(({ name }: any) => name)));
    for (const { httpGet } of [livenessProbe, readinessProbe]) {
      assert.ok(['/health', '/ready'].includes(httpGet.path));
      assert.equal(httpGet.port, ports[0].name);
    }
  }
  const [api, worker] = roles.map((role) => deployments.find(({ metadata }) => metadata.name === `phonograph-${role}`));
  assert.deepEqual(service.spec.selector, api.spec.template.metadata.labels);
  const [{ spec: scaled }] = kinds('ScaledObject');
  const [{ metadata, spec: authentication }] = kinds('TriggerAuthentication');
  assert.equal(scaled.scaleTargetRef.name, worker.metadata.name);
  assert.equal(scaled.triggers[0].authenticationRef.name, metadata.name);
  const [{ name, key }] = authentication.secretTargetRef;
  assert.ok(name === secret.metadata.name && key in secret.stringData);
});
