// Loaded before an app: writes the CPU time in milliseconds and the peak memory in MiB of its process to the file MEASURES.
const { appendFileSync } = require('fs');

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  appendFileSync(process.env.MEASURES, `${JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, memory: maxRSS / 1024 })}\n`);
});
