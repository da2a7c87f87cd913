import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTestProject } from '../testing/setup/test-project.mjs';
import { bytesFetched } from './python.mjs';

test('what pip has fetched is counted while pip removes it', () => {
  using fixture = makeTestProject();
  fixture.write('pip-unpack-one/tool.whl', 'abc');
  fixture.write('pip-unpack-two/other.whl', 'abcd');
  fixture.write('something else', 'abcde');
  // Listed and no longer there, as a folder is that pip removes between our two looks.
  symlinkSync(join(fixture.root, 'gone'), join(fixture.root, 'pip-unpack-gone'));
  symlinkSync(join(fixture.root, 'gone'), join(fixture.root, 'pip-unpack-one', 'gone.whl'));
  assert.equal(bytesFetched(fixture.root), 7);
});
