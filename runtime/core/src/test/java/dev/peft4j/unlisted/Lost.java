package dev.peft4j.unlisted;

/** A class of a package that nobody has listed. */
public class Lost {}
