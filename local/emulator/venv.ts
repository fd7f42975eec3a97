/** The emulator's virtual environment. */
import { join } from 'node:path';
import { ensureVirtualEnvironment } from '../venv';

const REQUIREMENTS = join(__dirname, 'requirements.txt');

/** Returns the path of its Python. */
export function emulatorPython(directory: string, log: (line: string) => void): Promise<string> {
  return ensureVirtualEnvironment({
    directory,
    requirements: REQUIREMENTS,
    name: 'the AWS emulator',
    installMessage: 'Installing the AWS emulator into .local/venv (once; it takes about half a minute)',
  }, log);
}
