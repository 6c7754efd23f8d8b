package dev.peft4j.backend;

/**
 * Figures of what a backend keeps from run to run.
 *
 * @param programs compiled programs
 * @param compilations programs compiled so far, dropped ones included
 * @param kernels kernels compiled for a device; 0 where each program has its own
 * @param weightBytes bytes of frozen weights in a layout of the backend's own
 */
public record CacheFigures(int programs, long compilations, int kernels, long weightBytes) {}
