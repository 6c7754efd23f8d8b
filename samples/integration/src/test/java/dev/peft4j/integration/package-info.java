/** What is published, looked at from outside. */
package dev.peft4j.integration;
