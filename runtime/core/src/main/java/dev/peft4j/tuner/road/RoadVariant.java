package dev.peft4j.tuner.road;

/** The numbers that the rotations of RoAd share. */
public enum RoadVariant {
  /** A pair of outputs has one angle and one scale. */
  ROAD_1,
  /** Each output has an angle and a scale. */
  ROAD_2,
  /** Each output has two angles and scales, one for cosine and one for sine. */
  ROAD_4
}
