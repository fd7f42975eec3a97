import { CHECKS } from '../../src/doctor/checks';
import { read, rowsOf } from '../documents/markdown';

test('docs/DOCTOR.md lists the checks in the order of the output, with the IAM actions they need', () => {
  const rows = CHECKS.map(({ id, title, reads }) => [`\`${id}\``, title, reads.map(action => `\`${action}\``).join(', ')]);
  expect(rowsOf(read('docs/DOCTOR.md'), 'id', 'what it checks')).toEqual(rows);
});
