import { Row } from './row';
import { RunnerImage } from '../../src';

/** Container images. */
const IMAGE = 'image: expected an image with a tag or digest, such as "ghcr.io/my-org/runner:1.2", of at most 255 characters; got ';

export const ROWS: Row[] = [
  ['an image with a blank', () => ({ image: RunnerImage.fromRegistry('my org/image') }), [`${IMAGE}"my org/image". Give the image as \`docker pull\` takes it.`]],
  ['a long image', () => ({ image: RunnerImage.fromRegistry('i'.repeat(256)) }),
    [`${IMAGE}256 characters ("${'i'.repeat(75)}..."). Give the image as \`docker pull\` takes it.`]],
];
