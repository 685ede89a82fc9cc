// The steps of the optimisers: parameter and state change in place, in one pass.

/// Eight elements of a parameter, of its gradient (clipped, with its penalties) and of its state.
struct optimizer_values {
  f8 parameter, gradient;
  f8 state[3];
};

/// A step that STATEMENTS make from `v` and `s`; of the states those exist whose pointers do.
#define OPTIMIZER_STEP(NAME, ...)                                                                                   \
  INLINE void NAME##_8(struct optimizer_values *v, const struct optimizer_step *s, const bool has_state[3]) {       \
    (void)has_state;                                                                                                \
    __VA_ARGS__                                                                                                     \
  }                                                                                                                 \
  static void NAME(float *parameter, float *first, float *second, float *third, const float *gradient, ptrdiff_t n, \
                   const struct optimizer_step *s) {                                                                \
    float *states[3] = {first, second, third};                                                                      \
    const bool has_state[3] = {first != NULL, second != NULL, third != NULL};                                       \
    for (ptrdiff_t i = 0; i < n; i += 8) {                                                                          \
      ptrdiff_t w = n - i;                                                                                          \
      struct optimizer_values v = {.parameter = load_up_to(parameter + i, w)};                                      \
      f8 g = load_up_to(gradient + i, w);                                                                           \
      g = max8(splat(-s->gradient_limit), min8(splat(s->gradient_limit), g));                                       \
      v.gradient = g * splat(s->gradient_scale) + v.parameter * splat(s->l2) + sign8(v.parameter) * splat(s->l1);   \
      v.parameter = v.parameter * splat(s->parameter_scale);                                                        \
      for (int k = 0; k < 3; k++) v.state[k] = has_state[k] ? load_up_to(states[k] + i, w) : splat(0);              \
      NAME##_8(&v, s, has_state);                                                                                   \
      store_up_to(parameter + i, v.parameter, w);                                                                   \
      for (int k = 0; k < 3; k++)                                                                                   \
        if (has_state[k]) store_up_to(states[k] + i, v.state[k], w);                                                \
    }                                                                                                               \
  }

/// Moves an average towards x.
INLINE f8 averaged8(f8 average, f8 x, float decay) { return average * splat(decay) + x * splat(1 - decay); }

OPTIMIZER_STEP(gradient_descent, {
  if (has_state[0]) {
    v->state[0] = v->state[0] * splat(s->first_decay) + v->gradient * splat(s->velocity_share);
    v->parameter = v->parameter - splat(s->rate) * v->state[0];
  }
  v->parameter = v->parameter - splat(s->gradient_rate) * v->gradient;
})

OPTIMIZER_STEP(adagrad, {
  v->state[0] = v->state[0] + v->gradient * v->gradient;
  v->parameter = v->parameter - splat(s->rate) * v->gradient / (sqrt8(v->state[0]) + splat(s->epsilon));
})

OPTIMIZER_STEP(adadelta, {
  v->state[0] = averaged8(v->state[0], v->gradient * v->gradient, s->second_decay);
  f8 ratio = sqrt8(v->state[1] + splat(s->epsilon)) / sqrt8(v->state[0] + splat(s->epsilon));
  f8 change = ratio * v->gradient;
  v->state[1] = averaged8(v->state[1], change * change, s->second_decay);
  v->parameter = v->parameter - splat(s->rate) * change;
})

OPTIMIZER_STEP(rmsprop, {
  v->state[0] = averaged8(v->state[0], v->gradient * v->gradient, s->second_decay);
  f8 variance = v->state[0];
  if (has_state[2]) {
    v->state[2] = averaged8(v->state[2], v->gradient, s->second_decay);
    // Rounding may take it below zero.
    variance = max8(splat(0), variance - v->state[2] * v->state[2]);
  }
  f8 change = v->gradient / (sqrt8(variance) + splat(s->epsilon));
  if (has_state[1]) change = v->state[1] = v->state[1] * splat(s->first_decay) + change;
  v->parameter = v->parameter - splat(s->rate) * change;
})

INLINE void update_moments8(struct optimizer_values *v, const struct optimizer_step *s) {
  v->state[0] = averaged8(v->state[0], v->gradient, s->first_decay);
  v->state[1] = v->state[1] * splat(s->second_decay) + v->gradient * v->gradient * splat(1 - s->second_decay);
}

OPTIMIZER_STEP(adam, {
  update_moments8(v, s);
  f8 second = v->state[1];
  if (has_state[2]) second = v->state[2] = max8(v->state[2], second);
  v->parameter =
      v->parameter - splat(s->rate) * v->state[0] / (sqrt8(second) * splat(s->second_scale) + splat(s->epsilon));
})

OPTIMIZER_STEP(adamax, {
  v->state[0] = averaged8(v->state[0], v->gradient, s->first_decay);
  v->state[1] = max8(v->state[1] * splat(s->second_decay), absolute8(v->gradient) + splat(s->epsilon));
  v->parameter = v->parameter - splat(s->rate) * v->state[0] / v->state[1];
})

OPTIMIZER_STEP(nadam, {
  update_moments8(v, s);
  f8 change = splat(s->gradient_rate) * v->gradient + splat(s->rate) * v->state[0];
  v->parameter = v->parameter - change / (sqrt8(v->state[1]) * splat(s->second_scale) + splat(s->epsilon));
})

OPTIMIZER_STEP(lamb_direction, {
  update_moments8(v, s);
  v->state[2] =
      splat(s->rate) * v->state[0] / (sqrt8(v->state[1]) * splat(s->second_scale) + splat(s->epsilon)) +
      splat(s->direction_decay) * v->parameter;
})
