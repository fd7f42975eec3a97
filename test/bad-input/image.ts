import { Aws } from 'aws-cdk-lib';
import { Row } from './row';
import { RunnerImage } from '../../src';

/** Invalid container images. */
const IMAGE = 'image: expected an image with a tag or digest, such as "ghcr.io/my-org/runner:1.2", of at most 255 characters; got ';
const DIRECTORY_FIX = 'Give the path of the directory, absolute or below the working directory of the app, and the name of the Dockerfile in `file`.';

export const ROWS: Row[] = [
  ['an image with a blank', () => ({ image: RunnerImage.fromRegistry('my org/image') }), [`${IMAGE}"my org/image". Give the image name in the format of \`docker pull\`.`]],
  ['a long image', () => ({ image: RunnerImage.fromRegistry('i'.repeat(256)) }),
    [`${IMAGE}256 characters ("${'i'.repeat(75)}..."). Give the image name in the format of \`docker pull\`.`]],
  ['a directory that does not exist', () => ({ image: RunnerImage.fromAsset('no/such-directory') }),
    [`image: expected a directory with the Dockerfile "Dockerfile"; got "no/such-directory", which does not exist. ${DIRECTORY_FIX}`]],
  ['a directory without a Dockerfile', () => ({ image: RunnerImage.fromAsset('test/bad-input') }),
    [`image: expected a directory with the Dockerfile "Dockerfile"; got "test/bad-input" without it. ${DIRECTORY_FIX}`]],
  ['a Dockerfile of another name that does not exist', () => ({ image: RunnerImage.fromAsset('test/bad-input', { file: 'Runner.dockerfile' }) }),
    [`image: expected a directory with the Dockerfile "Runner.dockerfile"; got "test/bad-input" without it. ${DIRECTORY_FIX}`]],
  ['a directory that is a CDK token', () => ({ image: RunnerImage.fromAsset(Aws.STACK_NAME) }),
    [`image: expected a directory with the Dockerfile "Dockerfile"; got "<token>", which does not exist. ${DIRECTORY_FIX}`]],
  ['a build argument that is a CDK token', () => ({ image: RunnerImage.fromAsset('test/bad-input', { file: 'image.ts', buildArgs: { VERSION: Aws.REGION } }) }),
    ['image.buildArgs: expected names and values that are known at synthesis; got "VERSION" with "<token>". '
      + 'CDK tokens have a value only at deployment, but the image is built before it: give a literal string.']],
  ['image options of wrong types, which plain JavaScript can pass', () => ({
    image: RunnerImage.fromAsset('test/bad-input', { platform: 'linux/arm64', buildArgs: ['A=1'], file: 1, target: 2, exclude: 'node_modules' } as never),
  }), [
    'image.platform: expected a Platform of aws-ecr-assets; got "linux/arm64". Give a value of this type.',
    'image.buildArgs: expected a map in which each value is a string; got ["A=1"]. Give a value of this type.',
    'image.file: expected a string; got 1. Give a value of this type.',
    'image.target: expected a string; got 2. Give a value of this type.',
    'image.exclude: expected a list in which each item is a string; got "node_modules". Give a value of this type.',
  ]],
];
