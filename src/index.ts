export * from './api-token';
export * from './ecs-runner';
export * from './ecs-runner-props';
export * from './orchestrator';
export * from './runner-image';
export * from './runner-rule';
export * from './runner-types';
export * from './state-storage';
